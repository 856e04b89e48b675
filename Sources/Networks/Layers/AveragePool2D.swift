import Kernels
import Tensors

/// The mean of each window, where padding counts as zeros; see `PoolingLayer` for the shapes.
package struct AveragePool2D: PoolingLayer {
  package static let type = "average_pool2d"

  package let pooling: PoolingWindow

  package init(pooling: PoolingWindow) { self.pooling = pooling }

  package func outputShape(for input: Shape) throws(LayerError) -> Shape {
    // TensorFlow's leaves the padding out of the mean, which this one counts as zeros.
    if pooling.padding == .same { throw LayerError("padding must be numbers here, found \"same\"") }
    return try pooledShape(for: input)
  }

  package func operation(at site: LayerSite) -> any Operation {
    AveragePool2DOperation(input: site.input, output: site.output, window: pooling.window)
  }
}

private final class AveragePool2DOperation: UnaryOperation {
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
