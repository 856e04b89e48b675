import Kernels
import Tensors

/// The maximum of each window, channel by channel.
///
/// Input H x W x C, output OH x OW x C with OH = floor((H + 2 padding - size) / stride) + 1. The stride is
/// the size unless given.
package struct MaxPool2D: Layer {
  package static let type = "max_pool2d"
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
    MaxPool2DOperation(
      MaxPool2DKernel(input: site.input, window: pooling.window, maximumBatch: site.maximumBatch))
  }
}

private final class MaxPool2DOperation: Operation {
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
