import Glibc

/// There is a regular file at this path, or a link to one.
package func isRegularFile(_ path: String) -> Bool { type(Path(path)) == S_IFREG }

/// There is a directory at this path, or a link to one.
package func isDirectory(_ path: String) -> Bool { type(Path(path)) == S_IFDIR }

/// The file type of what is at a path, links followed, such as `S_IFREG`; nil where nothing can be seen.
private func type(_ path: Path) -> mode_t? {
  var status = stat()
  let code = FileWaits.during(path.text) { stat(path.cString, &status) }
  return code == 0 ? status.st_mode & S_IFMT : nil
}

/// There is anything at this path; a link that leads nowhere is nothing.
package func exists(_ path: String) -> Bool { type(Path(path)) != nil }

private func name(ofType type: mode_t) -> String {
  switch type {
  case S_IFDIR: "\"\(String(cString: strerror(EISDIR)))\""
  case S_IFIFO: "a named pipe"
  case S_IFSOCK: "a socket"
  default: "a device"
  }
}

/// Opens a regular file to read it from its start. It never waits for another program, as opening a named pipe
/// would.
///
/// - Returns: the descriptor, which the caller closes, and the file's size in bytes.
/// - Throws: `FileError` when it is no regular file, or cannot be opened.
package func openForReading(
  _ path: String, as expected: String = "a readable file"
) throws(FileError) -> (descriptor: Int32, size: Int) {
  var status = stat()
  let (file, code) = FileWaits.during(path) {
    let file = open(Path(path).cString, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
    return (file, file >= 0 && fstat(file, &status) == 0 ? 0 : errno)
  }
  guard code == 0 else {
    if file >= 0 { close(file) }
    // Sockets cannot be opened, nor can devices that are not there.
    if code == ENXIO, let type = type(Path(path)) { throw noRegularFile(path, type, as: expected) }
    throw FileError(path, expected: expected, code: code)
  }
  let type = status.st_mode & S_IFMT
  guard type == S_IFREG else {
    close(file)
    throw noRegularFile(path, type, as: expected)
  }
  return (file, Int(status.st_size))
}

private func noRegularFile(_ path: String, _ type: mode_t, as expected: String) -> FileError {
  FileError(
    path, expected: expected, found: name(ofType: type),
    hint: type == S_IFDIR ? nil : "what comes out of it has to be in a file")
}

/// The size of a regular file in bytes.
///
/// - Throws: `FileError` when it is no regular file, or cannot be opened.
package func fileSize(_ path: String) throws(FileError) -> Int {
  let (file, size) = try openForReading(path)
  close(file)
  return size
}

/// The first bytes of a file, `count` of them or all that it has.
///
/// - Throws: `FileError` when it is no regular file, or cannot be read.
package func readStart(
  of path: String, _ count: Int, as expected: String = "a readable file"
) throws(FileError) -> [UInt8] {
  let (file, size) = try openForReading(path, as: expected)
  defer { close(file) }
  return try read(file, min(count, size), path, as: expected)
}

/// All bytes of a file.
///
/// - Parameter padding: zeros behind them, for readers that look further than the end.
/// - Throws: `FileError` when it is no regular file, or cannot be read to the end that it has when it is opened.
package func readFile(
  _ path: String, as expected: String = "a readable file", padding: Int = 0
) throws(FileError) -> [UInt8] {
  let (file, size) = try openForReading(path, as: expected)
  defer { close(file) }
  return try read(file, size, path, as: expected, padding: padding)
}

/// Some of a file's bytes.
///
/// - Throws: `FileError` when it is no regular file, or ends before them.
package func readPart(
  of path: String, _ range: Range<Int>, as expected: String = "a readable file"
) throws(FileError) -> [UInt8] {
  let (file, size) = try openForReading(path, as: expected)
  defer { close(file) }
  guard range.upperBound <= size else {
    throw FileError(path, expected: "at least \(range.upperBound) bytes", found: "\(size)")
  }
  guard lseek(file, range.lowerBound, SEEK_SET) == range.lowerBound else {
    throw FileError(path, expected: expected, code: errno)
  }
  return try read(file, range.count, path, as: expected)
}

private func read(
  _ file: Int32, _ size: Int, _ path: String, as expected: String, padding: Int = 0
) throws(FileError) -> [UInt8] {
  var code: Int32 = 0
  var found = 0
  let bytes = [UInt8](unsafeUninitializedCapacity: size + padding) { buffer, filled in
    while filled < size {
      let (count, error) = FileWaits.during(path) {
        let count = read(file, buffer.baseAddress! + filled, min(size - filled, FileWaits.mostBytes))
        return (count, errno)
      }
      if count < 0 && error == EINTR { continue }
      if count < 0 { code = error }
      if count <= 0 { break }
      filled += count
    }
    found = filled
    buffer[filled..<filled + padding].initialize(repeating: 0)
    filled += padding
  }
  guard code == 0 else { throw FileError(path, expected: expected, code: code) }
  guard found == size else {
    throw FileError(
      path, expected: "\(size) bytes, the file's size when it was opened", found: "only \(found)",
      hint: "another program may be writing it")
  }
  return bytes
}
