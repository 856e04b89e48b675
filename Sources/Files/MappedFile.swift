import Glibc

/// A file whose bytes lie in memory while they are used, and on the disk otherwise: the kernel reads and drops them as
/// it sees fit, and processes of one host share them.
///
/// The file must not become shorter while it is mapped: reading beyond its end ends the process.
package final class MappedFile: Sendable {
  private nonisolated(unsafe) let address: UnsafeRawPointer?
  package let count: Int

  /// - Throws: `FileError` when it is no regular file, or cannot be mapped.
  package init(_ path: String, as expected: String = "a readable file") throws(FileError) {
    let (file, size) = try openForReading(path, as: expected)
    defer { close(file) }
    count = size
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
    target.withUnsafeMutableBufferPointer {
      $0.baseAddress!.update(from: address.assumingMemoryBound(to: UInt8.self) + place, count: $0.count)
    }
  }

  /// Lets `body` see the bytes.
  package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try body(UnsafeRawBufferPointer(start: address, count: count))
  }
}
