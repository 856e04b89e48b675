/// An algorithm for a two-dimensional convolution with its tail: y = tail(x * weight + bias).
///
/// Shapes: x (N, H, W, C), weight (KH, KW, C / G, K), bias (K), and y (N, OH, OW, K), or (N, OH / 2, OW / 2, K)
/// where the tail pools. All algorithms that take a shape compute the same, up to rounding;
/// `ConvolutionAlgorithm.choice` chooses.
protocol ConvolutionKernel: AnyObject {
  /// - Parameters:
  ///   - bias: (K), or empty for none.
  ///   - winners: of the shape of y where the tail pools, else empty; see `OutputBlocks`.
  func forward(
    _ x: Span<Float>, count: Int, weight: Span<Float>, bias: Span<Float>, into y: inout MutableSpan<Float>,
    winners: inout MutableSpan<Int32>)

  /// Gradients of weight, bias and input, all overwritten.
  ///
  /// - Parameters:
  ///   - y, winners: what `forward` wrote.
  ///   - dY: of the shape of y; may be changed.
  ///   - dBias: (K), or empty for none.
  ///   - dX: (N, H, W, C), or empty where nobody needs it.
  func backward(
    _ x: Span<Float>, y: Span<Float>, winners: Span<Int32>, dY: inout MutableSpan<Float>, count: Int,
    weight: Span<Float>, dWeight: inout MutableSpan<Float>, dBias: inout MutableSpan<Float>,
    dX: inout MutableSpan<Float>)
}
