import Files
import Kernels
import Tensors

/// max(x, 0). Behind a convolution, dense or batch normalisation layer it becomes part of that one's
/// operation.
package struct ReLU: UnaryLayer {
  package static let type = "relu"
  package static let shortName = "relu"

  package init() {}

  package init(from decoder: any Decoder) throws { try decoder.expectOnly([]) }

  package func encode(to encoder: any Encoder) throws { _ = encoder.container(keyedBy: AnyKey.self) }

  package func outputShape(for input: Shape) throws(LayerError) -> Shape { input }

  package var rectifies: Bool { true }

  package func backwardReads(at site: LayerSite) -> BackwardReads { .output }

  package func operation(at site: LayerSite) -> any Operation { ReLUOperation() }
}

private final class ReLUOperation: UnaryOperation {
  func forward(_ x: Span<Float>, parameters: Span<Float>, pass: Pass, into y: inout MutableSpan<Float>) {
    relu(x, into: &y)
  }

  func backward(
    _ x: Span<Float>, y: Span<Float>, dY: inout MutableSpan<Float>, parameters: Span<Float>, pass: Pass,
    gradients: inout MutableSpan<Float>, dX: inout MutableSpan<Float>
  ) {
    if !dX.isEmpty { reluBackward(y: y, dY: dY.span, into: &dX) }
  }
}
