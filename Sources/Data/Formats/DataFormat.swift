/// A form in which data sets come.
protocol DataFormat {
  /// One part; nil where there is none.
  ///
  /// - Parameter input: what images are made that come in any size.
  func load(_ part: DataPart, as input: ImageInput) throws(DataError) -> (any Dataset)?

  /// The most bytes that `load` takes at once for pixels; 0 where these stay in their files.
  func memory(_ part: DataPart) throws(DataError) -> Int
}

extension DataFormat {
  func memory(_ part: DataPart) -> Int { 0 }
}
