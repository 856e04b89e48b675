import Files
import Foundation

/// The directory that holds everything a run leaves behind.
package struct RunDirectory: Sendable {
  package let path: String
  /// An earlier run was there.
  package let replacesEarlierRun: Bool

  /// Makes the directory, with its parents, and sees that it can be written.
  ///
  /// - Parameter path: nil for a new one, `runs/<time>`.
  package init(_ path: String?) throws(OutputError) {
    var path = path ?? Self.unusedPath()
    while path.hasSuffix("/") && path.count > 1 { path.removeLast() }
    try makeDirectory(path)
    self.path = path
    replacesEarlierRun = isRegularFile("\(path)/run.json")
  }

  private static func unusedPath() -> String {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyy-MM-dd'T'HH-mm-ss"
    let time = "runs/" + formatter.string(from: Date())
    var candidates = sequence(first: 2) { $0 + 1 }.lazy.map { "\(time)-\($0)" }.makeIterator()
    var path = time
    while access(path, F_OK) == 0 { path = candidates.next()! }
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
