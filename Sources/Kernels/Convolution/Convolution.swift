import Tensors

/// Which algorithms convolutions may use.
package enum ConvolutionMethod: String, Codable, CaseIterable, Sendable {
  /// The fastest by shape, see `ConvolutionAlgorithm.choice`.
  case auto
  /// im2col everywhere.
  case im2col
  /// Winograd wherever it is possible.
  case winograd
}

/// How a convolution is computed.
package enum ConvolutionAlgorithm: String, Sendable {
  case depthwise = "depthwise"
  case direct = "direct"
  case im2col = "im2col"
  case winograd2 = "Winograd 2x2"
  case winograd4 = "Winograd 4x4"

  /// The algorithm for a shape: a fixed rule, so that all ranks choose alike and results can be repeated.
  ///
  /// - Parameter needsInputGradient: false for a network's first layer.
  package static func choice(
    for geometry: ConvolutionGeometry, _ method: ConvolutionMethod, needsInputGradient: Bool
  ) -> ConvolutionAlgorithm {
    let winogradFits = WinogradConvolution<WinogradTile2>.fits(geometry)
    switch method {
    case .im2col: return .im2col
    case _ where geometry.isDepthwise: return .depthwise
    case .winograd where winogradFits: return winograd(geometry)
    case .winograd: return .im2col
    case .auto:
      if !needsInputGradient && geometry.depth <= 64 && DirectConvolution.fits(geometry) { return .direct }
      guard winogradFits && min(geometry.input.channels, geometry.output.channels) >= 32 else {
        return .im2col
      }
      return winograd(geometry)
    }
  }

  /// Tiles of 4 x 4 outputs where they take clearly fewer products than tiles of 2 x 2, the cut ones at the
  /// edges included: 10 x 10 outputs take 9 x 36 instead of 25 x 16.
  private static func winograd(_ geometry: ConvolutionGeometry) -> ConvolutionAlgorithm {
    func products<Tile: WinogradTile>(_ tile: Tile.Type) -> Int {
      let (rows, columns) = WinogradConvolution<Tile>.tiles(geometry)
      return rows * columns * Tile.products
    }
    return 10 * products(WinogradTile4.self) < 9 * products(WinogradTile2.self) ? .winograd4 : .winograd2
  }

  /// Bytes that the kernel holds.
  fileprivate func memory(
    _ geometry: ConvolutionGeometry, _ tail: ConvolutionTail, maximumBatch: Int, forwardOnly: Bool
  ) -> Double {
    switch self {
    case .depthwise: DepthwiseConvolution.memory(geometry, forwardOnly: forwardOnly)
    case .direct: DirectConvolution.memory(geometry)
    case .im2col: Im2ColConvolution.memory(geometry, tail, maximumBatch: maximumBatch)
    case .winograd2:
      WinogradConvolution<WinogradTile2>.memory(
        geometry, maximumBatch: maximumBatch, forwardOnly: forwardOnly)
    case .winograd4:
      WinogradConvolution<WinogradTile4>.memory(
        geometry, maximumBatch: maximumBatch, forwardOnly: forwardOnly)
    }
  }

  fileprivate func kernel(
    _ geometry: ConvolutionGeometry, _ tail: ConvolutionTail, maximumBatch: Int
  ) -> any ConvolutionKernel {
    switch self {
    case .depthwise: DepthwiseConvolution(geometry, tail)
    case .direct: DirectConvolution(geometry, tail)
    case .im2col: Im2ColConvolution(geometry, tail, maximumBatch: maximumBatch)
    case .winograd2: WinogradConvolution<WinogradTile2>(geometry, tail, maximumBatch: maximumBatch)
    case .winograd4: WinogradConvolution<WinogradTile4>(geometry, tail, maximumBatch: maximumBatch)
    }
  }
}

/// A two-dimensional convolution with bias and its tail, by the algorithm given: y = tail(x * weight + bias).
///
/// Shapes: x (N, H, W, C), weight (KH, KW, C / G, K), bias (K), and y (N, OH, OW, K), or (N, OH / 2, OW / 2, K)
/// where the tail pools; OH = floor((top + H + bottom - dilation (KH - 1) - 1) / stride) + 1 with the padding
/// above and below, and OW likewise.
package final class Convolution {
  package let geometry: ConvolutionGeometry
  package let algorithm: ConvolutionAlgorithm
  private let tail: ConvolutionTail
  private let kernel: any ConvolutionKernel
  /// Where the last forward pass found each maximum, see `OutputBlocks`.
  private let winners: SharedBuffer<Int32>

  package init(
    _ geometry: ConvolutionGeometry, _ tail: ConvolutionTail, _ algorithm: ConvolutionAlgorithm,
    maximumBatch: Int
  ) {
    self.geometry = geometry
    self.tail = tail
    self.algorithm = algorithm
    kernel = algorithm.kernel(geometry, tail, maximumBatch: maximumBatch)
    let pooled = tail.shape(of: geometry.output).count
    winners = SharedBuffer(repeating: 0, count: tail.maxPool ? maximumBatch : 0, unit: pooled)
  }

  /// Bytes that a convolution holds besides its input and output: its kernel's, and the winners of a pooling
  /// tail.
  package static func memory(
    _ geometry: ConvolutionGeometry, _ tail: ConvolutionTail, _ algorithm: ConvolutionAlgorithm,
    maximumBatch: Int, forwardOnly: Bool
  ) -> Double {
    let winners = tail.maxPool ? 4 * Double(maximumBatch) * Double(tail.shape(of: geometry.output).count) : 0
    return winners
      + algorithm.memory(geometry, tail, maximumBatch: maximumBatch, forwardOnly: forwardOnly)
  }

  /// - Parameter bias: (K), or empty for none.
  package func forward(
    _ x: Span<Float>, count: Int, weight: Span<Float>, bias: Span<Float>, into y: inout MutableSpan<Float>
  ) {
    check(y.count, count)
    let winners = winners
    var written = winners.mutableSpan(first: tail.maxPool ? count : 0)
    kernel.forward(x, count: count, weight: weight, bias: bias, into: &y, winners: &written)
  }

  /// Gradients of weight, bias and input for `count` images, all overwritten but for empty ones, which nobody
  /// needs.
  ///
  /// - Parameters:
  ///   - y: the output of `forward`.
  ///   - dY: of the shape of y; changed.
  ///   - dWeight: (KH, KW, C / G, K), or empty; not with the direct algorithm, which gives nothing else.
  ///   - dBias: (K), or empty for none.
  ///   - dX: (N, H, W, C), or empty where nobody needs it.
  package func backward(
    _ x: Span<Float>, y: Span<Float>, dY: inout MutableSpan<Float>, count: Int, weight: Span<Float>,
    dWeight: inout MutableSpan<Float>, dBias: inout MutableSpan<Float>, dX: inout MutableSpan<Float>
  ) {
    check(y.count, count)
    check(dY.count, count)
    let winners = winners
    kernel.backward(
      x, y: y, winners: winners.span(first: tail.maxPool ? count : 0), dY: &dY, count: count,
      weight: weight, dWeight: &dWeight, dBias: &dBias, dX: &dX)
  }

  private func check(_ elements: Int, _ count: Int) {
    let shape = tail.shape(of: geometry.output)
    precondition(elements == count * shape.count, "\(elements) outputs for \(count) images of \(shape)")
  }
}
