import Glibc

/// A file or directory that cannot be written.
package struct OutputError: Error, CustomStringConvertible {
  package let description: String

  /// - Parameter action: what was tried, such as "to create the directory".
  init(_ path: String, _ action: String, code: Int32 = errno) {
    description = "\(path): expected \(action), found \"\(String(cString: strerror(code)))\""
  }
}

/// Writes a file so that at any moment either the old or the new one is there, whole: temporary, fsync,
/// rename.
package func writeAtomically(_ bytes: [UInt8], to path: String) throws(OutputError) {
  let temporary = "\(path).\(getpid()).tmp"
  let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
  guard file >= 0 else { throw OutputError(path, "to write the file") }
  var written = 0
  while written < bytes.count {
    let count = bytes.withUnsafeBytes { write(file, $0.baseAddress! + written, bytes.count - written) }
    if count < 0 && errno == EINTR { continue }
    guard count > 0 else { throw abandon(file, temporary, path) }
    written += count
  }
  guard fsync(file) == 0 else { throw abandon(file, temporary, path) }
  close(file)
  guard rename(temporary, path) == 0 else {
    let error = OutputError(path, "to put the file in place")
    unlink(temporary)
    throw error
  }
}

private func abandon(_ file: Int32, _ temporary: String, _ path: String) -> OutputError {
  let error = OutputError(path, "to write the file")
  close(file)
  unlink(temporary)
  return error
}
