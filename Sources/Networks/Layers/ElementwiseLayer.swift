import Kernels
import Tensors

/// A layer that applies a function to each number of its input, whatever the shape.
package protocol ElementwiseLayer: Layer {
  var function: ElementwiseFunction { get }
}

extension ElementwiseLayer {
  package var activation: Activation? {
    if case .activation(let activation) = function { activation } else { nil }
  }

  package func outputShape(for input: Shape) throws(LayerError) -> Shape { input }

  package func operation(at site: LayerSite) -> any Operation { ElementwiseOperation(function) }
}

private final class ElementwiseOperation: Operation {
  private let function: ElementwiseFunction

  init(_ function: ElementwiseFunction) { self.function = function }

  func forward(_ x: Span<Float>, parameters: Span<Float>, pass: Pass, into y: inout MutableSpan<Float>) {
    function.forward(x, into: &y)
  }

  func backward(
    _ x: Span<Float>, y: Span<Float>, dY: inout MutableSpan<Float>, parameters: Span<Float>, pass: Pass,
    gradients: inout MutableSpan<Float>, dX: inout MutableSpan<Float>
  ) {
    if !dX.isEmpty { function.backward(x, y: y, dY: dY.span, into: &dX) }
  }
}
