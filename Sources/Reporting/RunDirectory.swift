import Files
import Foundation

/// The directory that holds everything a run leaves behind.
package struct RunDirectory: Sendable {
  package let path: String

  /// The directory at this path; nil where there is none.
  package init?(existing path: String) {
    guard isDirectory(path) else { return nil }
    self.path = path
  }

  /// Makes the directory, with its parents, and sees that it can be written.
  ///
  /// - Parameter path: nil for a new one, `runs/<time>`, which no other run has.
  package init(_ path: String?) throws(OutputError) {
    guard let path else {
      self.path = try Self.makeNew()
      return
    }
    self.path = withoutSlash(path)
    try makeDirectory(self.path)
  }

  private static func makeNew() throws(OutputError) -> String {
    try makeDirectory("runs")
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyy-MM-dd'T'HH-mm-ss"
    let time = "runs/" + formatter.string(from: Date())
    var (path, number) = (time, 1)
    // Made by this call: of two runs in the same second one gets another name.
    while mkdir(path, 0o755) != 0 {
      guard errno == EEXIST else { throw OutputError(path, "a directory that can be made") }
      number += 1
      path = "\(time)-\(number)"
    }
    return path
  }

  package func file(_ name: String) -> String { "\(path)/\(name)" }
}

/// Makes a directory where there is none, with its parents, and sees that it can be written.
package func makeDirectory(_ path: String) throws(OutputError) {
  guard make(path) else { throw OutputError(path, "a directory that can be made") }
  guard access(path, W_OK | X_OK) == 0 else { throw OutputError(path, "a directory that can be written") }
}

/// Makes a directory and what is missing above it; false with `errno` set when that cannot be.
private func make(_ path: String) -> Bool {
  if mkdir(path, 0o755) == 0 { return true }
  if errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex {
    // It may be there now: `a//b` asks for `a/`, and so `a`, first.
    return make(String(path[..<slash])) && (mkdir(path, 0o755) == 0 || errno == EEXIST)
  }
  var status = stat()
  guard errno == EEXIST, stat(path, &status) == 0 else { return false }
  guard status.st_mode & S_IFMT == S_IFDIR else {
    errno = ENOTDIR
    return false
  }
  return true
}
