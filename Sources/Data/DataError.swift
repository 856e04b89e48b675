/// What is wrong with a file, or with what is asked of the data: where, what was expected, what was found,
/// and what to do.
package struct DataError: Error, Equatable, CustomStringConvertible {
  package let description: String

  package init(_ path: String, expected: String, found: String, hint: String? = nil) {
    description = "\(path): expected \(expected), found \(found)" + (hint.map { "; \($0)" } ?? "")
  }
}
