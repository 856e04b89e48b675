/// Sixteen floats: one AVX-512 register, two AVX2 ones.
typealias SixteenFloats = SIMD16<Float>

extension SixteenFloats {
  /// 0, 1, ... 15
  @inline(__always)
  static var laneNumbers: SixteenFloats {
    SixteenFloats(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
  }

  /// The lanes, or `bound` where they are above it.
  @inline(__always)
  func capped(_ bound: Float) -> SixteenFloats {
    let bounds = SixteenFloats(repeating: bound)
    return replacing(with: bounds, where: self .> bounds)
  }

  /// The lanes, or 0 where they are negative.
  @inline(__always)
  var positivePart: SixteenFloats {
    let zero = SixteenFloats(repeating: 0)
    return replacing(with: zero, where: self .< zero)
  }

  @inline(__always)
  var magnitude: SixteenFloats {
    unsafeBitCast(
      unsafeBitCast(self, to: SIMD16<UInt32>.self) & SIMD16<UInt32>(repeating: 0x7FFF_FFFF),
      to: SixteenFloats.self)
  }
}

extension SIMD16<UInt32> {
  /// Random words as numbers uniform in [-1, 1), multiples of 2^-22: the upper 23 bits become the digits of a
  /// number in [2, 4), as conversions of vectors run lane by lane.
  @inline(__always)
  var signedUnits: SixteenFloats {
    let digits = (self &>> SIMD16(repeating: 9)) | SIMD16(repeating: Float(2).bitPattern)
    return unsafeBitCast(digits, to: SixteenFloats.self) - SixteenFloats(repeating: 3)
  }

  /// Whole numbers below 2^23 as floats: they are the last digits of a number of 2^23 and more.
  @inline(__always)
  var smallNumbers: SixteenFloats {
    unsafeBitCast(self | SIMD16(repeating: Float(0x1p23).bitPattern), to: SixteenFloats.self)
      - SixteenFloats(repeating: 0x1p23)
  }
}
