import Kernels

/// The maximum of each window, see `PoolingLayer` for the shapes.
package struct MaxPool2D: PoolingLayer {
  package static let type = "max_pool2d"

  package let pooling: PoolingWindow

  package init(pooling: PoolingWindow) { self.pooling = pooling }

  /// Windows of 2 x 2 that neither overlap nor reach over the edge.
  var halves: Bool { pooling.window == Window(size: Size2D(2), stride: Size2D(2)) }

  package func operation(at site: LayerSite) -> any Operation {
    MaxPool2DOperation(
      MaxPool2DKernel(input: site.input, window: pooling.window, maximumBatch: site.maximumBatch))
  }

  /// The place of each maximum.
  package func memory(at site: LayerSite, forwardOnly: Bool) -> Double {
    4 * Double(site.maximumBatch) * Double(site.output.count)
  }
}

private final class MaxPool2DOperation: UnaryOperation {
  private var kernel: MaxPool2DKernel

  init(_ kernel: consuming MaxPool2DKernel) { self.kernel = kernel }

  func forward(_ x: Span<Float>, parameters: Span<Float>, pass: Pass, into y: inout MutableSpan<Float>) {
    kernel.forward(x, count: pass.count, into: &y)
  }

  func backward(
    _ x: Span<Float>, y: Span<Float>, dY: inout MutableSpan<Float>, parameters: Span<Float>, pass: Pass,
    gradients: inout MutableSpan<Float>, dX: inout MutableSpan<Float>
  ) {
    if !dX.isEmpty { kernel.backward(dY: dY.span, count: pass.count, into: &dX) }
  }
}
