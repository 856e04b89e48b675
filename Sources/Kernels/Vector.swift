/// Sixteen floats: one AVX-512 register, two AVX2 ones.
typealias Vector = SIMD16<Float>

/// Calls `body` for each block of 16 elements of `count`, and once more, with less `lanes`, for what is left.
///
/// The body is inlined twice, so that the first copy is plain vector code.
@inline(__always)
func forEachBlock(of count: Int, _ body: (_ offset: Int, _ lanes: Int) -> Void) {
  var offset = 0
  while offset &+ 16 <= count {
    body(offset, 16)
    offset &+= 16
  }
  if offset < count { body(offset, count &- offset) }
}

extension UnsafePointer where Pointee: SIMDScalar {
  /// Elements `offset`..<`offset + lanes`; lanes beyond are 0.
  @inline(__always)
  func vector(at offset: Int, lanes: Int = 16) -> SIMD16<Pointee> where Pointee: Numeric {
    if lanes == 16 {
      return UnsafeRawPointer(self + offset).loadUnaligned(as: SIMD16<Pointee>.self)
    }
    var vector = SIMD16<Pointee>(repeating: 0)
    for lane in 0..<lanes { vector[lane] = self[offset &+ lane] }
    return vector
  }
}

extension UnsafeMutablePointer where Pointee: SIMDScalar & Numeric {
  @inline(__always)
  func vector(at offset: Int, lanes: Int = 16) -> SIMD16<Pointee> {
    UnsafePointer(self).vector(at: offset, lanes: lanes)
  }

  /// Writes the first `lanes` lanes to elements `offset`..<`offset + lanes`.
  @inline(__always)
  func store(_ vector: SIMD16<Pointee>, at offset: Int, lanes: Int = 16) {
    if lanes == 16 {
      UnsafeMutableRawPointer(self + offset).storeBytes(of: vector, as: SIMD16<Pointee>.self)
    } else {
      for lane in 0..<lanes { self[offset &+ lane] = vector[lane] }
    }
  }
}

/// target[0..<count] = source[0..<count], inlined: these runs are too short for `memcpy` to pay.
@inline(__always)
func copy(_ source: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>, count: Int) {
  forEachBlock(of: count) { offset, lanes in
    if lanes == 16 {
      target.store(source.vector(at: offset), at: offset)
    } else {
      for i in offset..<count { target[i] = source[i] }
    }
  }
}

/// target[0..<count] += source[0..<count]
@inline(__always)
func accumulate(_ source: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>, count: Int) {
  forEachBlock(of: count) { offset, lanes in
    if lanes == 16 {
      target.store(target.vector(at: offset) + source.vector(at: offset), at: offset)
    } else {
      for i in offset..<count { target[i] += source[i] }
    }
  }
}
