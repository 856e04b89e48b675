import Files
import Glibc

/// A file that grows at its end. A record is one `write`, so that a program that is killed leaves whole ones.
package final class AppendedFile {
  private let path: String
  private let file: Int32

  /// Opens the file, or makes an empty one. A symbolic link is an error: it might lead to a file of somebody
  /// else's choice.
  package init(_ path: String) throws(OutputError) {
    self.path = path
    file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw OutputError(path, "to write the file") }
  }

  deinit { close(file) }

  /// - Throws: also when the disk took only a part.
  package func append(_ bytes: [UInt8]) throws(OutputError) {
    guard !bytes.isEmpty else { return }
    var count = -1
    repeat {
      count = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
    } while count < 0 && errno == EINTR
    guard count == bytes.count else {
      throw OutputError(path, "to add \(bytes.count) bytes", code: count < 0 ? errno : ENOSPC)
    }
  }
}
