/// Values between the pixels of an image at sixteen points, with 0 beyond the edge.
///
/// The weight of a pixel is the product of max(0, 1 - distance) along x and y, which is 0 for all but the
/// four around a point. The four that are read always lie in the image, wherever the point is; where they are
/// not those around it, their weights are 0, or those of the border.
struct BilinearSampler {
  /// Number of the upper left one of the four pixels.
  private let place: SIMD16<UInt32>
  private let left: SixteenFloats
  private let right: SixteenFloats
  private let upper: SixteenFloats
  private let lower: SixteenFloats

  /// - Parameters:
  ///   - x: columns.
  ///   - y: rows.
  @inline(__always)
  init(_ x: SixteenFloats, _ y: SixteenFloats, height: Int, width: Int) {
    let (columns, column) = Self.lowerNeighbours(x, count: width)
    let (rows, row) = Self.lowerNeighbours(y, count: height)
    place = rows &* SIMD16(repeating: UInt32(truncatingIfNeeded: width)) &+ columns
    (left, right) = Self.weights(x - column)
    (upper, lower) = Self.weights(y - row)
  }

  /// The whole number before each lane, at most `count - 2` and at least 0, as an integer and a float.
  ///
  /// Adding 2^23 rounds to whole numbers and leaves them in the last digits. Where a lane is a whole number
  /// already, it may come out as the one before, which weighs the same two pixels.
  @inline(__always)
  private static func lowerNeighbours(_ lanes: SixteenFloats, count: Int) -> (SIMD16<UInt32>, SixteenFloats) {
    let shifted = (lanes - SixteenFloats(repeating: 0.5)).capped(Float(count - 2)).positivePart
    let rounded = shifted + SixteenFloats(repeating: 0x1p23)
    let digits = unsafeBitCast(rounded, to: SIMD16<UInt32>.self) & SIMD16(repeating: 0x7F_FFFF)
    return (digits, rounded - SixteenFloats(repeating: 0x1p23))
  }

  /// Weights of the pixel that a point is `distance` behind, and of the next one.
  @inline(__always)
  private static func weights(_ distance: SixteenFloats) -> (SixteenFloats, SixteenFloats) {
    let one = SixteenFloats(repeating: 1)
    return ((one - distance.magnitude).positivePart, (one - (distance - one).magnitude).positivePart)
  }

  /// The values at the points, in 0...255.
  ///
  /// - Parameter source: first pixel's byte of the channel that is wanted.
  @inline(__always)
  func values(_ source: UnsafePointer<UInt8>, width: Int, channels: Int) -> SixteenFloats {
    // A lane holds the bytes of all four pixels.
    var bytes = SIMD16<UInt32>()
    for lane in 0..<16 {
      let first = source + Int(place[lane]) &* channels
      let second = first + width &* channels
      bytes[lane] =
        UInt32(first[0]) | UInt32(first[channels]) &<< 8 | UInt32(second[0]) &<< 16
        | UInt32(second[channels]) &<< 24
    }
    let low = SIMD16<UInt32>(repeating: 0xFF)
    let above =
      (bytes & low).smallNumbers * left + ((bytes &>> SIMD16(repeating: 8)) & low).smallNumbers * right
    let below =
      ((bytes &>> SIMD16(repeating: 16)) & low).smallNumbers * left
      + (bytes &>> SIMD16(repeating: 24)).smallNumbers * right
    return above * upper + below * lower
  }
}
