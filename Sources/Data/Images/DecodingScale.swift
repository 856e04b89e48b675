/// In what scale an image was decoded: in its own size, or, where a small image is wanted of a large JPEG file, in a half,
/// quarter or eighth of it on both sides, which a decoder makes with less work from the lower frequencies of the file's
/// blocks.
///
/// Corresponds to `draft` of Pillow, and the scaling factors of TurboJPEG.
package struct DecodingScale: Equatable, Sendable {
  /// Of the image in its own size.
  package let height: Int
  package let width: Int
  /// 1, 2, 4 or 8.
  package let factor: Int

  init(height: Int, width: Int, factor: Int = 1) {
    (self.height, self.width, self.factor) = (height, width, factor)
  }

  /// Says by what factor a file's image may be smaller, from its height and width.
  package typealias Choice = (_ height: Int, _ width: Int) -> Int

  /// The largest factor that leaves `side` twice the pixels it is to have in the end: the outcome is less than one level
  /// of 255 off on average then.
  package static func factor(from side: Int, to target: Int) -> Int {
    [8, 4, 2].first { side >= 2 * $0 * target } ?? 1
  }

  /// Where rows or columns of the image in its own size are in the smaller one.
  private func place(_ range: Range<Int>) -> ClosedRange<Double> {
    Double(range.lowerBound) / Double(factor)...Double(range.upperBound) / Double(factor)
  }

  /// All rows of the image, in rows of the smaller one, of which the last may be there in part.
  var rows: ClosedRange<Double> { place(0..<height) }
  var columns: ClosedRange<Double> { place(0..<width) }

  /// The rows or columns of the smaller image that show some of the image in its own size.
  func pixels(of range: Range<Int>) -> Range<Int> {
    range.lowerBound / factor..<(range.upperBound + factor - 1) / factor
  }

  /// Where in `pixels(of:)` these rows or columns of the image in its own size are.
  func place(of range: Range<Int>) -> ClosedRange<Double> {
    let (place, first) = (place(range), Double(range.lowerBound / factor))
    return place.lowerBound - first...place.upperBound - first
  }
}
