/// A form in which data sets come.
protocol DataFormat {
  /// One part; nil where there is none.
  ///
  /// - Parameter input: what images are made that come in any size.
  func load(_ part: DataPart, as input: ImageInput) throws(DataError) -> (any Dataset)?
}
