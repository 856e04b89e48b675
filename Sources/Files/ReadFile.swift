import Glibc

/// All bytes of a file.
///
/// - Throws: `FileError` when it is no regular file, or cannot be read to its end.
package func readFile(_ path: String, as expected: String = "a readable file") throws(FileError) -> [UInt8] {
  func failure() -> FileError {
    FileError(path, expected: expected, found: "\"\(String(cString: strerror(errno)))\"")
  }
  let file = open(path, O_RDONLY | O_CLOEXEC)
  guard file >= 0 else { throw failure() }
  defer { close(file) }
  var status = stat()
  guard fstat(file, &status) == 0 else { throw failure() }
  guard status.st_mode & S_IFMT == S_IFREG else {
    throw FileError(path, expected: expected, found: "something else, such as a directory")
  }
  let size = Int(status.st_size)
  var code: Int32 = 0
  let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
    while filled < size {
      let count = read(file, buffer.baseAddress! + filled, size - filled)
      if count < 0 && errno == EINTR { continue }
      if count < 0 { code = errno }
      if count <= 0 { break }
      filled += count
    }
  }
  guard code == 0 else {
    errno = code
    throw failure()
  }
  return bytes
}

/// A regular file is at this path, maybe by links.
package func isRegularFile(_ path: String) -> Bool { kind(of: path) == S_IFREG }

/// A directory is at this path, maybe by links.
package func isDirectory(_ path: String) -> Bool { kind(of: path) == S_IFDIR }

private func kind(of path: String) -> mode_t? {
  var status = stat()
  return stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
}
