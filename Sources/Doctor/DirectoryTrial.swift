import Files
import Foundation
import Reporting
import System

/// A run directory that is tried: made if need be, written, and left as it was found.
package struct DirectoryTrial {
  /// Where it is, from the root; as it was given where it cannot be made.
  package private(set) var path: String
  /// The file that was written.
  package private(set) var file: String?
  /// Seconds that it took to write, sync and rename it.
  package private(set) var seconds: Double?
  package private(set) var space: FreeSpace?
  /// What went wrong; nil when nothing did.
  package private(set) var error: String?
  /// Directories that were not there, the innermost first.
  private let made: [String]

  /// Bytes of the file: a small checkpoint.
  package static let bytes = 4_000_000

  package init(_ path: String) {
    self.path = path
    made = Self.missing(path)
    do {
      try makeDirectory(path)
      self.path = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
      space = FreeSpace(path)
      let file = "\(self.path)/.cnn-mpi-doctor-\(getpid())"
      // Random, as some file systems compress.
      var random = SystemRandomNumberGenerator()
      let contents = (0..<Self.bytes / 8).flatMap { _ in
        withUnsafeBytes(of: random.next() as UInt64) { Array($0) }
      }
      var watch = Stopwatch()
      try writeAtomically(contents, to: file)
      seconds = watch.lap()
      self.file = file
    } catch {
      self.error = "\(error)"
    }
  }

  /// Leaves the directory as it was found.
  package func remove() {
    if let file { unlink(file) }
    for directory in made { rmdir(directory) }
  }

  /// A path and the directories above it that are not there, the innermost first.
  private static func missing(_ path: String) -> [String] {
    var (missing, path) = ([String](), path)
    while path.count > 1 && path.hasSuffix("/") { path.removeLast() }
    while !path.isEmpty, access(path, F_OK) != 0 {
      missing.append(path)
      guard let slash = path.lastIndex(of: "/") else { break }
      path = String(path[..<slash])
    }
    return missing
  }
}
