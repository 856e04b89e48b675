import CZlib
import Files
import Glibc

/// A file that is read from start to end, decompressed if it is gzipped.
struct GzipFile: ~Copyable {
  let path: String
  /// The size on disk in bytes.
  let size: Int
  private let file: gzFile

  /// - Throws: `DataError` when it is no regular file, or cannot be read.
  init(path: String) throws(DataError) {
    let (descriptor, size) = try openForReading(path)
    guard let file = gzdopen(descriptor, "rb") else {
      close(descriptor)
      throw DataError(path, expected: "memory to read the file", found: "none")
    }
    self.path = path
    self.file = file
    self.size = size
  }

  deinit { gzclose(file) }

  /// The file is gzipped. Known after the first read.
  var isCompressed: Bool { gzdirect(file) == 0 }

  /// The next `count` bytes, or fewer at the end of the file.
  /// - Throws: `DataError` when the compressed data end early or are damaged.
  func read(_ count: Int) throws(DataError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let wanted = UInt32(min(count - filled, FileWaits.mostBytes))
      let got = bytes.withUnsafeMutableBytes { buffer in
        FileWaits.during(path) { gzread(file, buffer.baseAddress! + filled, wanted) }
      }
      guard got >= 0 else { throw damage(after: filled) }
      if got == 0 { break }
      filled += Int(got)
    }
    var code: Int32 = Z_OK
    gzerror(file, &code)
    guard code == Z_OK || code == Z_STREAM_END else { throw damage(after: filled) }
    bytes.removeSubrange(filled...)
    return bytes
  }

  private func damage(after bytes: Int) -> DataError {
    var code: Int32 = Z_OK
    let text = String(cString: gzerror(file, &code))
    // What was opened by its descriptor is called `<fd:3>` there.
    let reason = text.split(separator: ": ", maxSplits: 1).last.map(String.init) ?? text
    return DataError(
      path, expected: "complete gzip data", found: "\"\(reason)\" after \(bytes) more decompressed bytes",
      hint: "the file is truncated or damaged; fetch it again")
  }
}
