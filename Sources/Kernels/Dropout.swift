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
  for row in samples.indices {
    var random = RandomStream(
      seed: seed, purpose: .dropout(layer: layer), time: step, index: Int(samples[row]))
    for index in row * features..<(row + 1) * features {
      let word: UInt32 = random.next()
      mask[unchecked: index] = word < threshold ? 0 : scale
    }
  }
  for index in x.indices { y[unchecked: index] = x[unchecked: index] * mask[unchecked: index] }
}

/// dX = dY * mask
package func dropoutBackward(dY: Span<Float>, mask: Span<Float>, into dX: inout MutableSpan<Float>) {
  precondition(
    dY.count == mask.count && dY.count == dX.count, "\(dY.count), \(mask.count), \(dX.count) elements")
  for index in dY.indices { dX[unchecked: index] = dY[unchecked: index] * mask[unchecked: index] }
}
