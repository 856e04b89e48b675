import Glibc

/// A file whose bytes lie in memory while they are used, and on the disk otherwise: the kernel reads and drops them as
/// it sees fit, and processes of one host share them.
///
/// The file must not become shorter while it is mapped: reading beyond its end ends the process.
package final class MappedFile: Sendable {
  private nonisolated(unsafe) let address: UnsafeRawPointer?
  package let count: Int
  private let path: String

  /// - Throws: `FileError` when it is no regular file, or cannot be mapped.
  package init(_ path: String, as expected: String = "a readable file") throws(FileError) {
    let (file, size) = try openForReading(path, as: expected)
    defer { close(file) }
    count = size
    self.path = path
    guard size > 0 else {
      address = nil
      return
    }
    guard let mapped = mmap(nil, size, PROT_READ, MAP_SHARED, file, 0), mapped != MAP_FAILED else {
      throw FileError(path, expected: expected, code: errno)
    }
    address = UnsafeRawPointer(mapped)
  }

  deinit { if let address { munmap(UnsafeMutableRawPointer(mutating: address), count) } }

  /// Copies bytes from a place on.
  package func copy(from place: Int, to target: inout MutableSpan<UInt8>) {
    precondition(place >= 0 && target.count <= count - place, "\(target.count) bytes at \(place) of \(count)")
    guard !target.isEmpty, let address else { return }
    let bytes = address.assumingMemoryBound(to: UInt8.self) + place
    target.withUnsafeMutableBufferPointer { target in
      FileWaits.during(path) { target.baseAddress!.update(from: bytes, count: target.count) }
    }
  }

  /// Lets `body` see all bytes, one part after the other.
  package func forEachPart(of size: Int = FileWaits.mostBytes, _ body: (UnsafeRawBufferPointer) -> Void) {
    precondition(size > 0, "parts of \(size) bytes")
    guard let address else { return }
    for place in stride(from: 0, to: count, by: size) {
      let part = UnsafeRawBufferPointer(start: address + place, count: min(size, count - place))
      FileWaits.during(path) { body(part) }
    }
  }
}
