import Tensors

/// Batch normalisation over the positions of a micro-batch, per channel, and, fused, an activation
/// (Ioffe and Szegedy 2015; with the statistics of a part of the batch: Hoffer et al. 2017).
///
///     y = activation((x - mean) / sqrt(variance + epsilon) * gain + shift)
///
/// Shapes: x and y (M, C) with M = N * H * W; everything else (C).
package struct BatchNormKernel: ~Copyable {
  package let channels: Int
  package let epsilon: Float
  private let activation: Activation
  /// Mean and biased variance of the last batch.
  package private(set) var mean: AlignedBuffer<Float>
  package private(set) var variance: AlignedBuffer<Float>
  /// Coefficients per channel of the pass that is under way.
  private var factor: AlignedBuffer<Float>
  private var slope: AlignedBuffer<Float>
  private var offset: AlignedBuffer<Float>

  package init(channels: Int, epsilon: Float, activation: Activation) {
    self.channels = channels
    self.epsilon = epsilon
    self.activation = activation
    mean = AlignedBuffer(count: channels)
    variance = AlignedBuffer(count: channels)
    factor = AlignedBuffer(count: channels)
    slope = AlignedBuffer(count: channels)
    offset = AlignedBuffer(count: channels)
  }

  /// Normalises with the statistics of the rows themselves.
  package mutating func forward(
    _ x: Span<Float>, gain: Span<Float>, shift: Span<Float>, into y: inout MutableSpan<Float>
  ) {
    let rows = rows(x.count, y.count)
    let (input, mean, variance) = (x.address, mean.address, variance.address)
    rowMeans(rows, channels, into: mean) { place, _, lanes in input.vector(at: place, lanes: lanes) }
    rowMeans(rows, channels, into: variance) { place, c, lanes in
      let centred = input.vector(at: place, lanes: lanes) - mean.vector(at: c, lanes: lanes)
      return centred * centred
    }
    normalize(x, mean: mean, variance: variance, gain: gain, shift: shift, into: &y)
  }

  /// Normalises with running statistics.
  package mutating func evaluate(
    _ x: Span<Float>, gain: Span<Float>, shift: Span<Float>, mean: Span<Float>, variance: Span<Float>,
    into y: inout MutableSpan<Float>
  ) {
    normalize(x, mean: mean.address, variance: variance.address, gain: gain, shift: shift, into: &y)
  }

  private mutating func normalize(
    _ x: Span<Float>, mean: UnsafePointer<Float>, variance: UnsafePointer<Float>,
    gain: Span<Float>, shift: Span<Float>, into y: inout MutableSpan<Float>
  ) {
    let (rows, channels) = (rows(x.count, y.count), channels)
    let bounds = ActivationBounds(activation)
    let (x, y, shift, factor) = (x.address, y.address, shift.address, factor.address)
    for c in 0..<channels { factor[c] = gain[c] / (variance[c] + epsilon).squareRoot() }
    forEachBlock(of: channels) { c, lanes in
      let mean = mean.vector(at: c, lanes: lanes)
      let factor = factor.vector(at: c, lanes: lanes)
      let shift = shift.vector(at: c, lanes: lanes)
      for row in 0..<rows {
        let place = row &* channels &+ c
        let value = (x.vector(at: place, lanes: lanes) - mean) * factor + shift
        y.store(bounds.clamp(value), at: place, lanes: lanes)
      }
    }
  }

  /// Gradients of the last `forward`.
  ///
  ///     dShift = sum dY,  dGain = sum dY x^,  x^ = (x - mean) / deviation
  ///     dX = gain / deviation (dY - mean(dY) - x^ mean(dY x^))
  ///
  /// - Parameters:
  ///   - dY: (M, C); changed: 0 where the activation cut off.
  ///   - dGain, dShift: (C), overwritten.
  ///   - dX: (M, C), overwritten; or empty where nobody needs it.
  package mutating func backward(
    _ x: Span<Float>, y: Span<Float>, dY: inout MutableSpan<Float>, gain: Span<Float>,
    dGain: inout MutableSpan<Float>, dShift: inout MutableSpan<Float>, dX: inout MutableSpan<Float>
  ) {
    let (rows, channels) = (rows(x.count, dY.count), channels)
    var none = MutableSpan<Float>()
    addBiasBackward(y: y, activation: activation, dY: &dY, dBias: &none, width: channels)
    let (needsInputGradient, x, dY, dX) = (!dX.isEmpty, x.address, dY.address, dX.address)
    let mean = mean.address
    let (factor, slope) = (factor.address, slope.address)
    let offset = offset.address
    rowMeans(rows, channels, into: offset) { place, _, lanes in dY.vector(at: place, lanes: lanes) }
    rowMeans(rows, channels, into: slope) { place, c, lanes in
      dY.vector(at: place, lanes: lanes)
        * (x.vector(at: place, lanes: lanes) - mean.vector(at: c, lanes: lanes))
    }
    for c in 0..<channels {
      let deviation = (variance.span[c] + epsilon).squareRoot()
      dShift[c] = offset[c] * Float(rows)
      dGain[c] = slope[c] * Float(rows) / deviation
      factor[c] = gain[c] / deviation
      slope[c] /= deviation * deviation
    }
    guard needsInputGradient else { return }
    forEachBlock(of: channels) { c, lanes in
      let (mean, factor) = (mean.vector(at: c, lanes: lanes), factor.vector(at: c, lanes: lanes))
      let (offset, slope) = (offset.vector(at: c, lanes: lanes), slope.vector(at: c, lanes: lanes))
      for row in 0..<rows {
        let place = row &* channels &+ c
        let centred = x.vector(at: place, lanes: lanes) - mean
        let gradient = dY.vector(at: place, lanes: lanes) - offset - centred * slope
        dX.store(factor * gradient, at: place, lanes: lanes)
      }
    }
  }

  private func rows(_ x: Int, _ y: Int) -> Int {
    precondition(x == y && x % channels == 0, "\(x) inputs and \(y) outputs in rows of \(channels)")
    return x / channels
  }
}

/// means[c] = the mean over all rows of `term(place, c, lanes)`, summed in Float over 256 rows, in Double
/// over those.
@inline(__always)
private func rowMeans(
  _ rows: Int, _ channels: Int, into means: UnsafeMutablePointer<Float>,
  _ term: (_ place: Int, _ c: Int, _ lanes: Int) -> Vector
) {
  forEachBlock(of: channels) { c, lanes in
    var totals = SIMD16<Double>.zero
    var start = 0
    while start < rows {
      let end = min(start + 256, rows)
      var sum = Vector.zero
      for row in start..<end { sum += term(row &* channels &+ c, c, lanes) }
      for lane in 0..<lanes { totals[lane] += Double(sum[lane]) }
      start = end
    }
    for lane in 0..<lanes { means[c + lane] = Float(totals[lane] / Double(rows)) }
  }
}
