import Tensors

/// A model under construction, layer by layer; each reads the one before it unless it says otherwise.
struct ModelBuilder {
  private var layers: [ModelDescription.NamedLayer] = []

  /// The name of the layer that was added last.
  var last: String { layers.last?.name ?? Graph.images }

  mutating func append(_ name: String, _ layer: any Layer, inputs: [String]? = nil) {
    layers.append(ModelDescription.NamedLayer(name: name, inputs: inputs, layer: layer))
  }

  /// Layers that are called by their place, as in PyTorch's `nn.Sequential`: `features.0`, `features.1`.
  mutating func appendSequence(_ name: String, _ sequence: [any Layer]) {
    for (place, layer) in sequence.enumerated() { append("\(name).\(place)", layer) }
  }

  func model(_ name: String, input: Shape) -> ModelDescription {
    ModelDescription(name: name, input: input, layers: layers)
  }
}
