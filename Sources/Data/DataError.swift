import Files

/// What is wrong with a file of data, or with what is asked of the data.
package typealias DataError = FileError

extension DataError {
  /// - Parameter first: what is wrong with the first of them.
  package static func tooManyBadImages(_ bad: Int, of count: Int, most: Double, first: String) -> DataError {
    DataError(
      "the images", expected: "at most \(most * 100) % that cannot be read", found: "\(bad) of \(count)",
      hint: "the first is \(first)")
  }
}
