import CZlib
import Glibc

/// A file that is read from start to end, decompressed if it is gzipped.
struct GzipFile: ~Copyable {
  let path: String
  /// Bytes on disk.
  let size: Int
  private let file: gzFile

  /// - Throws: `DataError` when there is no such file or it cannot be read.
  init(path: String) throws(DataError) {
    var status = stat()
    guard stat(path, &status) == 0, let file = gzopen(path, "rb") else {
      throw DataError(path, expected: "a readable file", found: "\"\(String(cString: strerror(errno)))\"")
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      gzclose(file)
      throw DataError(path, expected: "a file", found: "something else, such as a directory")
    }
    self.path = path
    self.file = file
    size = Int(status.st_size)
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
      let wanted = UInt32(min(count - filled, 1 << 30))
      let got = bytes.withUnsafeMutableBytes { gzread(file, $0.baseAddress! + filled, wanted) }
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
    let reason = text.hasPrefix(path) ? String(text.dropFirst(path.count + 2)) : text
    return DataError(
      path, expected: "complete gzip data", found: "\"\(reason)\" after \(bytes) more decompressed bytes",
      hint: "the file is truncated or damaged; fetch it again")
  }
}
