import Tensors

/// Inverted dropout: y = x * mask, where mask is 0 with probability `rate` and 1 / (1 - rate) otherwise
/// (Srivastava et al. 2014).
///
/// The mask is a pure function of (seed, layer, step, sample), so it does not depend on which rank or thread
/// computes the sample.
///
/// - Parameters:
///   - x: (N, F).
///   - samples: (N), the samples' numbers in the data set.
///   - mask: (N, F), kept for the backward pass.
///   - y: (N, F).
package func dropout(
  _ x: Span<Float>, rate: Float, seed: UInt64, layer: Int, step: Int, samples: Span<UInt32>,
  mask: inout MutableSpan<Float>, into y: inout MutableSpan<Float>
) {
  precondition(x.count == y.count && x.count == mask.count, "\(x.count), \(mask.count), \(y.count) elements")
  guard !samples.isEmpty else { return }
  let features = x.count / samples.count
  let threshold = UInt32(Double(rate) * 0x1p32)
  let scale = 1 / (1 - rate)
  let (x, mask, y) = (x.address, mask.address, y.address)
  // word < threshold is the borrow of word - threshold, its sign spread over the lane: comparisons of
  // unsigned vectors run lane by lane.
  let limits = SIMD16(repeating: threshold)
  let scaleBits = SIMD16(repeating: Int32(bitPattern: scale.bitPattern))
  @inline(__always) func keep(_ words: SIMD16<UInt32>, at index: Int) {
    let borrow = (~words & limits) | (~(words ^ limits) & (words &- limits))
    let dropped = unsafeBitCast(borrow, to: SIMD16<Int32>.self) &>> SIMD16(repeating: 31)
    let kept = unsafeBitCast(scaleBits & ~dropped, to: Vector.self)
    mask.store(kept, at: index)
    y.store(x.vector(at: index) * kept, at: index)
  }
  for row in samples.indices {
    var random = RandomStream(
      seed: seed, purpose: .dropout(layer: layer), time: step, index: Int(samples[row]))
    var index = row * features
    let end = index + features
    while index + 32 <= end {
      let words = random.next32()
      keep(words.lowHalf, at: index)
      keep(words.highHalf, at: index + 16)
      index += 32
    }
    while index < end {
      let word: UInt32 = random.next()
      mask[index] = word < threshold ? 0 : scale
      y[index] = x[index] * mask[index]
      index += 1
    }
  }
}

/// dX = dY * mask
package func dropoutBackward(dY: Span<Float>, mask: Span<Float>, into dX: inout MutableSpan<Float>) {
  precondition(
    dY.count == mask.count && dY.count == dX.count, "\(dY.count), \(mask.count), \(dX.count) elements")
  for index in dY.indices { dX[unchecked: index] = dY[unchecked: index] * mask[unchecked: index] }
}
