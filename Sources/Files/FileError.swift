import Glibc

/// What is wrong with a file that is read: where, what was expected, what was found, and what to do.
package struct FileError: Error, Equatable, CustomStringConvertible {
  /// What somebody who knows the program's options can give a hint on.
  package enum Cause: Sendable {
    /// Labels count from 1.
    case firstLabelIsOne
  }

  package let description: String
  package let cause: Cause?

  package init(
    _ path: String, expected: String, found: String, hint: String? = nil, cause: Cause? = nil
  ) {
    self.cause = cause
    description =
      "\(Path(path)): expected \(expected), found \(found)" + (hint.map { "; \($0)" } ?? "")
  }

  /// - Parameter code: an `errno`.
  package init(_ path: String, expected: String, code: Int32) {
    self.init(path, expected: expected, found: "\"\(String(cString: strerror(code)))\"")
  }
}
