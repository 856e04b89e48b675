import Kernels
import Tensors

/// A layer that applies a function to each number of its input, whatever the shape.
package protocol ElementwiseLayer: UnaryLayer {
  var function: ElementwiseFunction { get }
}

extension ElementwiseLayer {
  package var activation: Activation? {
    if case .activation(let activation) = function { activation } else { nil }
  }

  package func outputShape(for input: Shape) throws(LayerError) -> Shape { input }

  package var rectifies: Bool { function.isRectifier }

  package func backwardReads(at site: LayerSite) -> BackwardReads {
    switch function {
    case .activation, .sigmoid: .output
    case .leakyReLU, .silu: .inputs
    }
  }

  package func operation(at site: LayerSite) -> any Operation { ElementwiseOperation(function) }
}

private final class ElementwiseOperation: UnaryOperation {
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
