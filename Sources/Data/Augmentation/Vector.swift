/// Sixteen floats: one AVX-512 register, two AVX2 ones.
typealias Vector = SIMD16<Float>

extension Vector {
  /// 0, 1, ... 15
  @inline(__always)
  static var laneNumbers: Vector { Vector(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15) }

  /// The lanes, or `bound` where they are above it.
  @inline(__always)
  func capped(_ bound: Float) -> Vector {
    let bounds = Vector(repeating: bound)
    return replacing(with: bounds, where: self .> bounds)
  }

  /// The lanes, or 0 where they are negative.
  @inline(__always)
  var positivePart: Vector {
    let zero = Vector(repeating: 0)
    return replacing(with: zero, where: self .< zero)
  }

  @inline(__always)
  var magnitude: Vector {
    unsafeBitCast(
      unsafeBitCast(self, to: SIMD16<UInt32>.self) & SIMD16<UInt32>(repeating: 0x7FFF_FFFF), to: Vector.self)
  }
}

extension SIMD16<UInt32> {
  /// Random words as numbers uniform in [-1, 1), multiples of 2^-22: the upper 23 bits become the digits of a
  /// number in [2, 4), as conversions of vectors run lane by lane.
  @inline(__always)
  var signedUnits: Vector {
    let digits = (self &>> SIMD16(repeating: 9)) | SIMD16(repeating: Float(2).bitPattern)
    return unsafeBitCast(digits, to: Vector.self) - Vector(repeating: 3)
  }

  /// Whole numbers below 2^23 as floats: they are the last digits of a number of 2^23 and more.
  @inline(__always)
  var smallNumbers: Vector {
    unsafeBitCast(self | SIMD16(repeating: Float(0x1p23).bitPattern), to: Vector.self)
      - Vector(repeating: 0x1p23)
  }
}
