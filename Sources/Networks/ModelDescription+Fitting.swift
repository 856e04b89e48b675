import Tensors

extension ModelDescription {
  /// The same layers for images of another shape and another number of classes: the last dense layer, which gives the
  /// logits, gets as many units.
  package func fitted(to input: Shape, classes: Int) -> ModelDescription {
    var layers = layers
    if let last = layers.lastIndex(where: { $0.layer is Dense }), let dense = layers[last].layer as? Dense,
      dense.units != classes
    {
      layers[last] = NamedLayer(
        name: layers[last].name, inputs: layers[last].inputs, layer: Dense(units: classes, bias: dense.bias))
    }
    return ModelDescription(name: name, input: input, layers: layers)
  }
}
