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
  /// Sums over all rows so far.
  private var total: AlignedBuffer<Double>
  private var totalOfSquares: AlignedBuffer<Double>

  package init(channels: Int, epsilon: Float, activation: Activation) {
    self.channels = channels
    self.epsilon = epsilon
    self.activation = activation
    mean = AlignedBuffer(count: channels)
    variance = AlignedBuffer(count: channels)
    factor = AlignedBuffer(count: channels)
    slope = AlignedBuffer(count: channels)
    offset = AlignedBuffer(count: channels)
    total = AlignedBuffer(repeating: 0, count: channels)
    totalOfSquares = AlignedBuffer(repeating: 0, count: channels)
  }

  /// Normalises with the statistics of the rows themselves.
  package mutating func forward(
    _ x: Span<Float>, gain: Span<Float>, shift: Span<Float>, into y: inout MutableSpan<Float>
  ) {
    collectStatistics(x)
    normalize(x, mean: mean.address, variance: variance.address, gain: gain, shift: shift, into: &y)
  }

  /// Normalises with running statistics.
  package mutating func evaluate(
    _ x: Span<Float>, gain: Span<Float>, shift: Span<Float>, mean: Span<Float>, variance: Span<Float>,
    into y: inout MutableSpan<Float>
  ) {
    normalize(x, mean: mean.address, variance: variance.address, gain: gain, shift: shift, into: &y)
  }

  /// Reads x once: parts of it that stay in the cache give a mean and the squares around it, which are merged
  /// (Chan, Golub and LeVeque 1983).
  private mutating func collectStatistics(_ x: Span<Float>) {
    let (rows, channels) = (rows(x.count), channels)
    let (x, mean, squares) = (x.address, mean.address, variance.address)
    let (total, totalOfSquares) = (total.address, totalOfSquares.address)
    for c in 0..<channels { (total[c], totalOfSquares[c]) = (0, 0) }
    let partRows = min(max(32_768 / channels, 16), 256)
    var start = 0
    while start < rows {
      let end = min(start + partRows, rows)
      for c in 0..<channels { (mean[c], squares[c]) = (0, 0) }
      forEachVector(of: start..<end, channels) { place, c, lanes in
        mean.store(
          mean.vector(at: c, lanes: lanes) + x.vector(at: place, lanes: lanes), at: c, lanes: lanes)
      }
      for c in 0..<channels { mean[c] /= Float(end - start) }
      forEachVector(of: start..<end, channels) { place, c, lanes in
        let centred = x.vector(at: place, lanes: lanes) - mean.vector(at: c, lanes: lanes)
        squares.store(squares.vector(at: c, lanes: lanes) + centred * centred, at: c, lanes: lanes)
      }
      let (before, own) = (Double(start), Double(end - start))
      let (between, share) = (before * own / (before + own), own / (before + own))
      for c in 0..<channels {
        let difference = Double(mean[c]) - total[c]
        total[c] += difference * share
        totalOfSquares[c] += Double(squares[c]) + difference * difference * between
      }
      start = end
    }
    for c in 0..<channels {
      mean[c] = Float(total[c])
      squares[c] = Float(totalOfSquares[c] / Double(rows))
    }
  }

  private mutating func normalize(
    _ x: Span<Float>, mean: UnsafePointer<Float>, variance: UnsafePointer<Float>,
    gain: Span<Float>, shift: Span<Float>, into y: inout MutableSpan<Float>
  ) {
    let (rows, channels) = (rows(x.count, y.count), channels)
    let bounds = ActivationBounds(activation)
    let (x, y, shift, factor) = (x.address, y.address, shift.address, factor.address)
    for c in 0..<channels { factor[c] = gain[c] / (variance[c] + epsilon).squareRoot() }
    forEachVector(of: 0..<rows, channels) { place, c, lanes in
      let centred = x.vector(at: place, lanes: lanes) - mean.vector(at: c, lanes: lanes)
      let value = centred * factor.vector(at: c, lanes: lanes) + shift.vector(at: c, lanes: lanes)
      y.store(bounds.clamp(value), at: place, lanes: lanes)
    }
  }

  /// Gradients of the last `forward`.
  ///
  ///     dShift = sum dY',  dGain = sum dY' x^,  x^ = (x - mean) / deviation
  ///     dX = gain / deviation (dY' - mean(dY') - x^ mean(dY' x^))
  ///
  /// where dY' is dY before the activation, whose output follows from x.
  ///
  /// - Parameters:
  ///   - dY: (M, C).
  ///   - dGain, dShift: (C), overwritten.
  ///   - dX: (M, C), overwritten; or empty where nobody needs it.
  package mutating func backward(
    _ x: Span<Float>, dY: Span<Float>, gain: Span<Float>, shift: Span<Float>,
    dGain: inout MutableSpan<Float>, dShift: inout MutableSpan<Float>, dX: inout MutableSpan<Float>
  ) {
    let (rows, channels) = (rows(x.count, dY.count), channels)
    let (cuts, bounds) = (activation != .identity, ActivationBounds(activation))
    let (needsInputGradient, x, dY, dX) = (!dX.isEmpty, x.address, dY.address, dX.address)
    let (mean, factor, shift) = (mean.address, factor.address, shift.address)
    let (offset, slope) = (offset.address, slope.address)
    let (total, totalOfProducts) = (total.address, totalOfSquares.address)
    /// x - mean, and the gradient before the activation.
    @inline(__always)
    func gradient(_ place: Int, _ c: Int, _ lanes: Int) -> (centred: Vector, gradient: Vector) {
      let centred = x.vector(at: place, lanes: lanes) - mean.vector(at: c, lanes: lanes)
      let gradient = dY.vector(at: place, lanes: lanes)
      guard cuts else { return (centred, gradient) }
      let value = centred * factor.vector(at: c, lanes: lanes) + shift.vector(at: c, lanes: lanes)
      return (centred, bounds.backward(gradient, y: value))
    }
    for c in 0..<channels {
      factor[c] = gain[c] / (variance.span[c] + epsilon).squareRoot()
      (total[c], totalOfProducts[c]) = (0, 0)
    }
    var start = 0
    while start < rows {
      let end = min(start + 256, rows)
      for c in 0..<channels { (offset[c], slope[c]) = (0, 0) }
      forEachVector(of: start..<end, channels) { place, c, lanes in
        let (centred, gradient) = gradient(place, c, lanes)
        offset.store(offset.vector(at: c, lanes: lanes) + gradient, at: c, lanes: lanes)
        slope.store(slope.vector(at: c, lanes: lanes) + gradient * centred, at: c, lanes: lanes)
      }
      for c in 0..<channels {
        total[c] += Double(offset[c])
        totalOfProducts[c] += Double(slope[c])
      }
      start = end
    }
    for c in 0..<channels {
      let deviation = (variance.span[c] + epsilon).squareRoot()
      (offset[c], slope[c]) = (Float(total[c] / Double(rows)), Float(totalOfProducts[c] / Double(rows)))
      dShift[c] = offset[c] * Float(rows)
      dGain[c] = slope[c] * Float(rows) / deviation
      slope[c] /= deviation * deviation
    }
    guard needsInputGradient else { return }
    forEachVector(of: 0..<rows, channels) { place, c, lanes in
      let (centred, gradient) = gradient(place, c, lanes)
      let rest = gradient - offset.vector(at: c, lanes: lanes) - centred * slope.vector(at: c, lanes: lanes)
      dX.store(factor.vector(at: c, lanes: lanes) * rest, at: place, lanes: lanes)
    }
  }

  /// The gradient of the input of `evaluate`, with the same gain, shift, mean and variance, which are constants:
  ///
  ///     dX = gain / sqrt(variance + epsilon) dY'
  ///
  /// - Parameters:
  ///   - dY: (M, C).
  ///   - dX: (M, C), overwritten.
  package mutating func evaluateBackward(
    _ x: Span<Float>, dY: Span<Float>, gain: Span<Float>, shift: Span<Float>, mean: Span<Float>,
    variance: Span<Float>, dX: inout MutableSpan<Float>
  ) {
    precondition(dX.count == x.count, "\(dX.count) gradients for \(x.count) inputs")
    let (rows, channels) = (rows(x.count, dY.count), channels)
    let (cuts, bounds) = (activation != .identity, ActivationBounds(activation))
    let (x, dY, dX, factor) = (x.address, dY.address, dX.address, factor.address)
    let (mean, shift) = (mean.address, shift.address)
    for c in 0..<channels { factor[c] = gain[c] / (variance[c] + epsilon).squareRoot() }
    forEachVector(of: 0..<rows, channels) { place, c, lanes in
      let factor = factor.vector(at: c, lanes: lanes)
      var gradient = dY.vector(at: place, lanes: lanes)
      if cuts {
        let centred = x.vector(at: place, lanes: lanes) - mean.vector(at: c, lanes: lanes)
        gradient = bounds.backward(gradient, y: centred * factor + shift.vector(at: c, lanes: lanes))
      }
      dX.store(factor * gradient, at: place, lanes: lanes)
    }
  }

  private func rows(_ x: Int, _ y: Int? = nil) -> Int {
    precondition(y ?? x == x && x % channels == 0, "\(x) inputs and \(y ?? x) outputs in rows of \(channels)")
    return x / channels
  }
}

/// Calls `body` for the vectors of rows, one row after the other: the memory is read as it lies, which is two to
/// three times as fast as down the columns.
@inline(__always)
private func forEachVector(
  of rows: Range<Int>, _ channels: Int, _ body: (_ place: Int, _ c: Int, _ lanes: Int) -> Void
) {
  for row in rows {
    let first = row &* channels
    forEachBlock(of: channels) { c, lanes in body(first &+ c, c, lanes) }
  }
}
