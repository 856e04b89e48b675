import Glibc

/// What is wrong with a file that is read: where, what was expected, what was found, and what to do.
package struct FileError: Error, Equatable, CustomStringConvertible {
  package let description: String

  package init(_ path: String, expected: String, found: String, hint: String? = nil) {
    description =
      "\(Path(path)): expected \(expected), found \(found)" + (hint.map { "; \($0)" } ?? "")
  }

  /// - Parameter code: an `errno`.
  package init(_ path: String, expected: String, code: Int32) {
    self.init(path, expected: expected, found: "\"\(String(cString: strerror(code)))\"")
  }
}
