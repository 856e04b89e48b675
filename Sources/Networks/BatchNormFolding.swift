import Tensors

/// A network for inference in which batch normalisation is part of the convolutions and dense layers before it:
///
///     weight' = weight s,  bias' = (bias - mean) s + shift,  s = gain / sqrt(variance + epsilon)
///
/// channel by channel. That is exact up to rounding, and saves a pass over the activations for each of them.
package struct FoldedNetwork: Sendable {
  /// The network with the batch normalisations left out that could be folded, and names, inputs and biases written
  /// out.
  package let network: Network
  private let original: Network
  /// For each layer of `network` the original node, and the batch normalisation that is folded into it.
  private let sources: [(node: Int, normalization: Int?)]

  package init(_ original: Network) {
    var sources: [(node: Int, normalization: Int?)] = []
    // The name by which layers read what each of the original nodes gives.
    var names = original.nodes.map(\.name)
    var folded = Set<Int>()
    var layers: [ModelDescription.NamedLayer] = []
    for (index, node) in original.nodes.enumerated() where !folded.contains(index) {
      var (layer, normalization) = (node.layer, Int?.none)
      if let withBias = node.layer.withBias, let reader = original.graph.onlyReader(of: index),
        original.nodes[reader].layer is BatchNorm
      {
        (layer, normalization) = (withBias, reader)
        folded.insert(reader)
        names[reader] = node.name
      }
      let inputs = node.inputs.map { $0 > 0 ? names[$0 - 1] : Graph.images }
      let isNext = inputs == [layers.last?.name ?? Graph.images]
      layers.append(ModelDescription.NamedLayer(name: node.name, inputs: isNext ? nil : inputs, layer: layer))
      sources.append((index, normalization))
    }
    self.original = original
    self.sources = sources
    let description = ModelDescription(
      name: original.description.name, input: original.input, layers: layers)
    do { network = try Network(description) } catch {
      preconditionFailure("a folded network that cannot be: \(error)")
    }
  }

  /// The parameters for `network` from those of the original one.
  ///
  /// - Parameter parameters: (`parameterCount` of the original's layout)
  package func parameters(from parameters: Span<Float>) -> SharedBuffer<Float> {
    let target = SharedBuffer<Float>(repeating: 0, count: network.layout.parameterCount)
    var values = target.mutableSpan
    for (node, source) in zip(network.nodes, sources) {
      let own = original.layout.tensors[original.nodes[source.node].tensors].map(\.range)
      let places = network.layout.tensors[node.tensors].map(\.range)
      for (place, range) in zip(places, own) {
        var part = values[slice: place]
        part.copy(from: parameters.extracting(range))
      }
      guard let normalization = source.normalization else { continue }
      fold(original.nodes[normalization], parameters, weight: places[0], bias: places[1], into: &values)
    }
    return target
  }

  /// Folds a batch normalisation into a weight, whose rows are over the output channels, and its bias.
  private func fold(
    _ normalization: Network.Node, _ parameters: Span<Float>, weight: Range<Int>, bias: Range<Int>,
    into values: inout MutableSpan<Float>
  ) {
    guard let layer = normalization.layer as? BatchNorm else {
      preconditionFailure("folding \(normalization.name), which is no batch normalisation")
    }
    let tensors = original.layout.tensors[normalization.tensors].map(\.range)
    let channels = bias.count
    for channel in 0..<channels {
      func value(_ tensor: Int) -> Double { Double(parameters[tensors[tensor].lowerBound + channel]) }
      let scale = value(0) / (value(3) + Double(layer.epsilon)).squareRoot()
      let place = bias.lowerBound + channel
      values[place] = Float((Double(values[place]) - value(2)) * scale + value(1))
      for index in stride(from: weight.lowerBound + channel, to: weight.upperBound, by: channels) {
        values[index] = Float(Double(values[index]) * scale)
      }
    }
  }
}
