import Kernels
import Tensors

/// The sum of two or more inputs of one shape, as at the end of a residual block.
package struct Add: PlainLayer {
  package static let type = "add"
  package static let shortName = "add"

  package init() {}

  package func outputShape(for inputs: [Shape]) throws(LayerError) -> Shape {
    guard inputs.count > 1 else { throw LayerError("expected two or more inputs, found \(inputs.count)") }
    guard inputs.allSatisfy({ $0 == inputs[0] }) else {
      throw LayerError(
        "expected inputs of one shape, found \(inputs.map { "\($0)" }.joined(separator: ", "))")
    }
    return inputs[0]
  }

  package var fusesActivation: Bool { true }
  package var keepsScale: Bool { true }

  package func backwardReads(at site: LayerSite) -> BackwardReads {
    site.activation == .identity ? [] : .output
  }

  package func operation(at site: LayerSite) -> any Operation {
    AddOperation(inputs: site.inputs.count, activation: site.activation)
  }
}

private final class AddOperation: Operation {
  private let inputs: Int
  private let activation: Activation

  init(inputs: Int, activation: Activation) {
    self.inputs = inputs
    self.activation = activation
  }

  func forward(_ x: PassValues, parameters: Span<Float>, pass: Pass, into y: inout MutableSpan<Float>) {
    add(x[0], x[1], inputs == 2 ? activation : .identity, into: &y)
    for input in 2..<inputs {
      add(x[input], input == inputs - 1 ? activation : .identity, to: &y)
    }
  }

  func backward(
    _ x: PassValues, y: Span<Float>, dY: inout MutableSpan<Float>, parameters: Span<Float>, pass: Pass,
    gradients: inout MutableSpan<Float>, dX: PassValues
  ) {
    activation.backward(y: y, dY: &dY)
    for input in 0..<inputs {
      var gradient = dX.gradient(input)
      if !gradient.isEmpty { gradient.copy(from: dY.span) }
    }
  }
}
