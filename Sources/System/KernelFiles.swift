import Foundation
import Glibc

/// The files in which the kernel tells about the machine: `/proc` and `/sys`. Tests put others in their place.
package struct KernelFiles: Sendable {
  /// What stands before every path.
  package var root = ""

  package init(root: String = "") { self.root = root }

  /// The text of a file, without spaces and line ends around it; nil where there is none that can be read.
  package func text(_ path: String) -> String? {
    let file = open(root + path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    // The kernel makes them up while they are read: their size says nothing.
    var (bytes, part) = ([UInt8](), [UInt8](repeating: 0, count: 4096))
    while true {
      let count = part.withUnsafeMutableBytes { read(file, $0.baseAddress, $0.count) }
      guard count >= 0 else { return nil }
      if count == 0 { break }
      bytes += part[..<count]
    }
    return String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// A file that holds one number.
  package func number(_ path: String) -> Double? { text(path).flatMap { Double($0) } }

  /// The bytes that a line `name:   N kB` of `/proc/meminfo` says.
  package func memory(_ name: String) -> Double? {
    let line = text("/proc/meminfo")?.split(separator: "\n").first { $0.hasPrefix("\(name):") }
    let words = line?.split(separator: " ") ?? []
    return words.count > 1 ? Double(words[1]).map { $0 * 1024 } : nil
  }

  package func entries(_ path: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: root + path)) ?? []).sorted()
  }
}
