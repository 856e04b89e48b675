import Kernels
import Tensors

/// The mean of each window, channel by channel; padding counts as zeros.
///
/// Shapes as of `MaxPool2D`.
package struct AveragePool2D: Layer {
  package static let type = "average_pool2d"
  package static let shortName = "pool"

  private let pooling: PoolingWindow

  package init(size: Int, stride: Int? = nil, padding: Int = 0) {
    pooling = PoolingWindow(size: size, stride: stride, padding: padding)
  }

  package init(from decoder: any Decoder) throws { pooling = try PoolingWindow(from: decoder) }

  package func encode(to encoder: any Encoder) throws { try pooling.encode(to: encoder) }

  package func outputShape(for input: Shape) throws(LayerError) -> Shape {
    try pooling.outputShape(for: input)
  }

  package func inputRead(for output: Shape) -> (height: Int, width: Int)? { pooling.inputRead(for: output) }

  package func operation(at site: LayerSite) -> any Operation {
    AveragePool2DOperation(input: site.input, output: site.output, window: pooling.window)
  }
}

private final class AveragePool2DOperation: Operation {
  private let input: Shape
  private let output: Shape
  private let window: Window

  init(input: Shape, output: Shape, window: Window) {
    self.input = input
    self.output = output
    self.window = window
  }

  func forward(_ x: Span<Float>, parameters: Span<Float>, pass: Pass, into y: inout MutableSpan<Float>) {
    averagePool2D(x, count: pass.count, input: input, output: output, window: window, into: &y)
  }

  func backward(
    _ x: Span<Float>, y: Span<Float>, dY: inout MutableSpan<Float>, parameters: Span<Float>, pass: Pass,
    gradients: inout MutableSpan<Float>, dX: inout MutableSpan<Float>
  ) {
    guard !dX.isEmpty else { return }
    averagePool2DBackward(
      dY: dY.span, count: pass.count, input: input, output: output, window: window, into: &dX)
  }
}
