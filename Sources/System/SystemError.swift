import Glibc

/// A call of the operating system that failed.
package struct SystemError: Error, CustomStringConvertible {
  /// What was to be done, such as `to start the program gnuplot`.
  package let expected: String
  /// The error number, such as `ENOENT`.
  package let code: Int32

  package init(_ expected: String, code: Int32 = errno) {
    self.expected = expected
    self.code = code
  }

  /// The operating system's words for the error.
  package var reason: String { String(cString: strerror(code)) }

  package var description: String { "expected \(expected), found \"\(reason)\"" }

  /// Throws unless a call returned 0; others than the classic ones return the error number.
  static func check(_ code: Int32, _ expected: String) throws(SystemError) {
    guard code == 0 else { throw SystemError(expected, code: code) }
  }
}
