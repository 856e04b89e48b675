import Tensors

/// A described model with all that follows from the description: connections, shapes, and the layout of its
/// arenas.
package struct Network: Sendable {
  /// A layer in its place.
  package struct Node: Sendable {
    package let name: String
    /// As the description has it, resolved for the input.
    package let layer: any Layer
    /// The values that the layer reads: 0 for the images, i + 1 for what node i gives.
    package let inputs: [Int]
    /// Shapes of these values.
    package let inputShapes: [Shape]
    package let output: Shape
    /// The tensors that the layer owns, as indices into `layout.tensors`.
    package let tensors: Range<Int>
    /// The tensors stay as they are, see `Network.freezing`.
    package let isFrozen: Bool

    /// Shape of the first value that the layer reads.
    package var input: Shape { inputShapes[0] }
  }

  package let description: ModelDescription
  /// The layers; each comes after all that it reads. The last gives the logits.
  package let nodes: [Node]
  package let layout: ParameterLayout
  /// How each of `layout.tensors` looks in PyTorch's files.
  package let pyTorchForms: [PyTorchForm]
  let graph: Graph
  private let initializers: [Initializer]

  package var input: Shape { description.input }
  /// The description with the name of every layer written out, and what layers leave to their inputs, such as
  /// "same" padding.
  package var namedDescription: ModelDescription {
    ModelDescription(
      name: description.name, input: input,
      layers: zip(nodes, description.layers).map { node, item in
        ModelDescription.NamedLayer(name: node.name, inputs: item.inputs, layer: node.layer)
      })
  }
  /// The number of classes that the network tells apart.
  package var classes: Int { nodes[nodes.count - 1].output.count }

  /// - Parameter frozen: names of layers whose tensors are not trained.
  /// - Throws: `ModelError` where the layers do not fit together, with the layer's name, its inputs and all
  ///   shapes.
  package init(_ description: ModelDescription, frozen: Set<String> = []) throws(ModelError) {
    guard !description.layers.isEmpty else {
      throw ModelError("\(description.title): expected layers, found none")
    }
    let graph = try Graph(description)
    let shape = description.input
    try Self.checkCount([shape.height, shape.width, shape.channels], of: "the input", description)
    var shapes = [shape]
    var nodes: [Node] = []
    var described: [[ParameterDescription]] = []
    var count = 0
    for (index, item) in description.layers.enumerated() {
      let name = graph.names[index]
      let inputs = graph.inputs[index].map { shapes[$0] }
      let output = try Self.output(of: item.layer, index, inputs, graph, description)
      let own = item.layer.parameters(for: inputs)
      for tensor in own { try Self.checkCount(tensor.shape, of: "\(name).\(tensor.name)", description) }
      nodes.append(
        Node(
          name: name, layer: item.layer.resolved(for: inputs), inputs: graph.inputs[index],
          inputShapes: inputs, output: output,
          tensors: count..<count + own.count, isFrozen: frozen.contains(name)))
      shapes.append(output)
      described.append(own)
      count += own.count
    }
    guard shapes[nodes.count].count > 1 else {
      throw ModelError(
        "\(description.title), layer \(graph.names.last!): expected the logits of at least 2 classes, found "
          + "the output shape \(shapes[nodes.count])")
    }
    self.description = description
    self.graph = graph
    self.nodes = nodes
    pyTorchForms = described.flatMap { $0.map(\.pyTorch) }
    initializers = Self.initializers(of: described, nodes, graph)
    let frozenTensors = nodes.flatMap { node in node.tensors.map { _ in node.isFrozen } }
    layout = ParameterLayout(
      zip(nodes, described).flatMap { node, own in own.map { ("\(node.name).\($0.name)", $0.shape, $0.kind) }
      }, isFrozen: { frozenTensors[$0] })
  }

  private static func output(
    of layer: any Layer, _ index: Int, _ inputs: [Shape], _ graph: Graph, _ description: ModelDescription
  ) throws(ModelError) -> Shape {
    let output: Shape
    do { output = try layer.outputShape(for: inputs) } catch {
      let origins = zip(graph.inputs[index], inputs).map { "\(graph.name(ofValue: $0)), \($1)" }
      throw ModelError(
        "\(description.title), layer \(graph.names[index]): \(error) (from "
          + "\(origins.isEmpty ? "no input" : origins.joined(separator: "; ")))")
    }
    try checkCount(
      [output.height, output.width, output.channels], of: "layer \(graph.names[index])'s output", description)
    return output
  }

  /// Refuses a tensor of 2^31 numbers or more, as BLAS counts in 32 bits.
  private static func checkCount(
    _ sizes: [Int], of tensor: String, _ description: ModelDescription
  ) throws(ModelError) {
    var (count, overflow) = (1, false)
    for size in sizes where !overflow { (count, overflow) = count.multipliedReportingOverflow(by: size) }
    guard !overflow, count <= Int32.max else {
      let shape = sizes.map { "\($0)" }.joined(separator: "x")
      throw ModelError(
        "\(description.title): \(tensor) must have less than 2^31 numbers, found \(shape)")
    }
  }

  /// What the names of tensors in checkpoints begin with that are not the model's own.
  package static let reservedNames = ["optimizer", "average", "best"]

  /// Fills the parameter arena with the starting values, see `Initializer`; biases are 0. Each tensor's
  /// numbers are a function of the seed and its index.
  package func initialize(_ parameters: inout MutableSpan<Float>, seed: UInt64) {
    precondition(parameters.count == layout.parameterCount, "\(parameters.count) parameters")
    for (index, tensor) in layout.tensors.enumerated() {
      var random = RandomStream(seed: seed, purpose: .initialization, index: index)
      var values = parameters[slice: tensor.range]
      initializers[index].fill(&values, random: &random)
    }
  }
}

extension Network {
  /// How a tensor starts depends on what follows its layer: batch normalisation; a ReLU or its like, directly or
  /// behind sums and concatenations; or nothing, where its outputs are the logits.
  private static func initializers(
    of described: [[ParameterDescription]], _ nodes: [Node], _ graph: Graph
  ) -> [Initializer] {
    var rectified = [Bool](repeating: false, count: nodes.count)
    for index in nodes.indices.reversed() {
      rectified[index] = graph.readers[index + 1].contains { reader in
        nodes[reader].layer.rectifies || (nodes[reader].layer.keepsScale && rectified[reader])
      }
    }
    return zip(nodes.indices, described).flatMap { index, own in
      own.map { tensor -> Initializer in
        guard case .glorot(let fanIn, _) = tensor.initializer else { return tensor.initializer }
        let readers = graph.readers[index + 1]
        if readers.isEmpty { return .normal(deviation: 0.01) }
        if readers.allSatisfy({ nodes[$0].layer is BatchNorm }) { return .normalized(fanIn: fanIn) }
        return rectified[index] ? .he(fanIn: fanIn) : tensor.initializer
      }
    }
  }
}
