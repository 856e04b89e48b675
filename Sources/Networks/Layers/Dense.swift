import Kernels
import Tensors

/// A fully connected layer: every output depends on every input. Images are flattened in the order H, W, C.
///
/// Input any shape of I numbers, output `units`. Tensors: `weight` (I, units), `bias` (units).
package struct Dense: UnaryLayer {
  package static let type = "dense"
  package static let shortName = "fc"

  package let units: Int
  package let bias: Bool

  package init(units: Int, bias: Bool = true) {
    self.units = units
    self.bias = bias
  }

  private enum CodingKeys: String, CodingKey, CaseIterable { case units, bias }

  package init(from decoder: any Decoder) throws {
    let keys = try decoder.strictContainer(CodingKeys.self)
    units = try keys.decode(Int.self, forKey: .units)
    bias = try keys.decodeIfPresent(Bool.self, forKey: .bias) ?? true
  }

  package func outputShape(for input: Shape) throws(LayerError) -> Shape {
    guard units > 0 else { throw LayerError("units must be above 0, found \(units)") }
    return Shape(features: units)
  }

  package func parameters(for input: Shape) -> [ParameterDescription] {
    let weight = ParameterDescription(
      "weight", [input.count, units], .glorot(fanIn: input.count, fanOut: units),
      pyTorch: PyTorchForm([units, input.count], of: input, filters: units))
    return bias ? [weight, ParameterDescription("bias", [units], .constant(0))] : [weight]
  }

  package var fusesActivation: Bool { true }
  package var withBias: (any Layer)? { Dense(units: units) }

  package func multiplyAdds(input: Shape, output: Shape) -> Int { input.count * output.count }

  package func backwardReads(at site: LayerSite) -> BackwardReads {
    site.activation != .identity ? [.inputs, .output] : .inputs
  }

  package func operation(at site: LayerSite) -> any Operation {
    DenseOperation(site)
  }
}

private final class DenseOperation: UnaryOperation {
  private let inputs: Int
  private let outputs: Int
  private let activation: Activation
  private let places: WeightAndBias
  private let gradientPlaces: WeightAndBias

  init(_ site: LayerSite) {
    inputs = site.input.count
    outputs = site.output.count
    activation = site.activation
    places = WeightAndBias(site.parameters)
    gradientPlaces = WeightAndBias(site.gradients)
  }

  func forward(_ x: Span<Float>, parameters: Span<Float>, pass: Pass, into y: inout MutableSpan<Float>) {
    dense(
      x, weight: parameters.extracting(places.weight), bias: parameters.extracting(places.bias),
      activation: activation, into: &y, inputs: inputs, outputs: outputs)
  }

  func backward(
    _ x: Span<Float>, y: Span<Float>, dY: inout MutableSpan<Float>, parameters: Span<Float>, pass: Pass,
    gradients: inout MutableSpan<Float>, dX: inout MutableSpan<Float>
  ) {
    gradients.withSlices(gradientPlaces.weight, gradientPlaces.bias) { dWeight, dBias in
      denseBackward(
        x, y: y, dY: &dY, weight: parameters.extracting(places.weight), activation: activation,
        dWeight: &dWeight, dBias: &dBias, dX: &dX, inputs: inputs, outputs: outputs)
    }
  }
}
