/// exp(x), to 2 units in the last place.
///
/// exp(x) = 2^n exp(r) with n = round(x / log 2) and |r| <= log 2 / 2, where a polynomial of degree 7 serves
/// (Cephes' `expf`; Moshier 1992). What is too large becomes infinity, what is too small 0, by way of subnormal
/// numbers; NaN stays NaN.
@inline(__always)
func exponential(_ x: Vector) -> Vector {
  // Beyond these the result is infinite or 0 all the same, and 2^n can be put together from its bits.
  let (least, largest) = (Vector(repeating: -105), Vector(repeating: 89))
  var x = x.replacing(with: least, where: x .< least)
  x = x.replacing(with: largest, where: x .> largest)
  // Adding 3 * 2^22 leaves no bits behind the point: the integer stands in the lowest ones.
  let shift = Vector(repeating: 0x1.8p23)
  let shifted = shift.addingProduct(x, Vector(repeating: 1.44269504))
  let n = unsafeBitCast(shifted, to: SIMD16<Int32>.self) &- unsafeBitCast(shift, to: SIMD16<Int32>.self)
  let count = shifted - shift
  // log 2 in two parts, the first so short that its multiples are exact.
  var r = x.addingProduct(count, Vector(repeating: -0.693359375))
  r = r.addingProduct(count, Vector(repeating: 2.12194440e-4))
  var p = Vector(repeating: 1.9875691500e-4)
  p = Vector(repeating: 1.3981999507e-3).addingProduct(p, r)
  p = Vector(repeating: 8.3334519073e-3).addingProduct(p, r)
  p = Vector(repeating: 4.1665795894e-2).addingProduct(p, r)
  p = Vector(repeating: 1.6666665459e-1).addingProduct(p, r)
  p = Vector(repeating: 5.0000001201e-1).addingProduct(p, r)
  p = (r + Vector(repeating: 1)).addingProduct(p, r * r)
  // In two steps, as 2^n itself may be out of the range of normal numbers where the result is not.
  let half = n &>> SIMD16(repeating: 1)
  return p * powerOfTwo(half) * powerOfTwo(n &- half)
}

/// 2^n for n in -126...127.
@inline(__always)
private func powerOfTwo(_ n: SIMD16<Int32>) -> Vector {
  unsafeBitCast((n &+ SIMD16(repeating: 127)) &<< SIMD16(repeating: 23), to: Vector.self)
}

/// 1 / (1 + exp(-x)), to a few units in the last place. By way of exp(-|x|), which cannot overflow, so that
/// small values keep their digits.
@inline(__always)
func sigmoid(_ x: Vector) -> Vector {
  let one = Vector(repeating: 1)
  let isNegative = x .< Vector.zero
  let e = exponential(x.replacing(with: -x, where: x .> Vector.zero))
  return one.replacing(with: e, where: isNegative) / (one + e)
}
