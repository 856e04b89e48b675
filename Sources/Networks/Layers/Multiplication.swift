import Kernels
import Tensors

/// The product of two inputs, element by element. The second is repeated along each axis along which it has one
/// element: one number a channel scales whole channels, as squeeze-and-excitation does (Hu, Shen, Sun 2018).
package struct Multiplication: PlainLayer {
  package static let type = "multiply"
  package static let shortName = "multiply"

  package init() {}

  package func outputShape(for inputs: [Shape]) throws(LayerError) -> Shape {
    guard inputs.count == 2 else { throw LayerError("expected two inputs, found \(inputs.count)") }
    let (shape, factor) = (inputs[0], inputs[1])
    guard BroadcastMultiply.fits(factor, to: shape) else {
      throw LayerError(
        "expected a second input with as many elements as the first along each axis, or one, found \(factor) for "
          + "\(shape)")
    }
    return shape
  }

  package func backwardReads(at site: LayerSite) -> BackwardReads { .inputs }

  package func operation(at site: LayerSite) -> any Operation {
    MultiplicationOperation(BroadcastMultiply(site.inputs[0], by: site.inputs[1]))
  }
}

private final class MultiplicationOperation: Operation {
  private let product: BroadcastMultiply

  init(_ product: BroadcastMultiply) { self.product = product }

  func forward(_ x: PassValues, parameters: Span<Float>, pass: Pass, into y: inout MutableSpan<Float>) {
    product.forward(x[0], x[1], count: pass.count, into: &y)
  }

  func backward(
    _ x: PassValues, y: Span<Float>, dY: inout MutableSpan<Float>, parameters: Span<Float>, pass: Pass,
    gradients: inout MutableSpan<Float>, dX: PassValues
  ) {
    var dA = dX.gradient(0)
    var dB = dX.gradient(1)
    if !dA.isEmpty { product.forward(dY.span, x[1], count: pass.count, into: &dA) }
    if !dB.isEmpty { product.factorGradient(dY: dY.span, x[0], count: pass.count, into: &dB) }
  }
}
