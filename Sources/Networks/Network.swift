import Tensors

/// A described model with all that follows from the description: names, shapes, and the layout of its arenas.
package struct Network: Sendable {
  /// A layer in its place.
  package struct Node: Sendable {
    package let name: String
    /// As the description has it, resolved for the input.
    package let layer: any Layer
    package let input: Shape
    package let output: Shape
    /// The tensors that the layer owns, as indices into `layout.tensors`.
    package let tensors: Range<Int>
  }

  package let description: ModelDescription
  package let nodes: [Node]
  package let layout: ParameterLayout
  /// How each of `layout.tensors` looks in PyTorch's files.
  package let pyTorchForms: [PyTorchForm]
  private let initializers: [Initializer]

  package var input: Shape { description.input }
  /// The description with the name of every layer written out, and what layers leave to their inputs, such as
  /// "same" padding.
  package var namedDescription: ModelDescription {
    ModelDescription(
      name: description.name, input: input,
      layers: nodes.map { ModelDescription.NamedLayer(name: $0.name, layer: $0.layer) })
  }
  /// The number of classes that the network tells apart.
  package var classes: Int { nodes[nodes.count - 1].output.count }

  /// - Throws: `ModelError` where the layers do not fit together, with the layer's name and both shapes.
  package init(_ description: ModelDescription) throws(ModelError) {
    var nodes: [Node] = []
    var tensors: [(name: String, shape: [Int], kind: ParameterLayout.Kind)] = []
    var forms: [PyTorchForm] = []
    var initializers: [Initializer] = []
    let names = try Self.names(of: description)
    var shape = description.input
    try Self.checkCount([shape.height, shape.width, shape.channels], of: "the input", description)
    for (index, item) in description.layers.enumerated() {
      let output: Shape
      do {
        output = try item.layer.outputShape(for: shape)
      } catch {
        let origin = nodes.last.map { "layer \($0.name)" } ?? "the model's input"
        throw ModelError(
          "model \(description.name), layer \(names[index]): \(error) (from \(origin), \(shape))")
      }
      try Self.checkCount(
        [output.height, output.width, output.channels], of: "layer \(names[index])'s output", description)
      let own = item.layer.parameters(for: shape)
      for tensor in own {
        try Self.checkCount(tensor.shape, of: "\(names[index]).\(tensor.name)", description)
      }
      let following = description.layers[(index + 1)...]
      nodes.append(
        Node(
          name: names[index], layer: item.layer.resolved(for: shape), input: shape, output: output,
          tensors: tensors.count..<tensors.count + own.count))
      tensors += own.map { ("\(names[index]).\($0.name)", $0.shape, $0.kind) }
      forms += own.map(\.pyTorch)
      initializers += own.map { Self.initializer(of: $0, before: following) }
      shape = output
    }
    guard let last = nodes.last else {
      throw ModelError("model \(description.name): expected layers, found none")
    }
    guard last.output.count > 1 else {
      throw ModelError(
        "model \(description.name), layer \(last.name): expected the logits of at least 2 classes, found "
          + "the output shape \(last.output)")
    }
    self.description = description
    self.nodes = nodes
    self.initializers = initializers
    pyTorchForms = forms
    layout = ParameterLayout(tensors)
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
        "model \(description.name): \(tensor) must have less than 2^31 numbers, found \(shape)")
    }
  }

  /// What the names of tensors in checkpoints begin with that are not the model's own.
  package static let reservedNames = ["optimizer", "average", "best"]

  /// The layers' names, in their order: given ones, or type and number.
  private static func names(of description: ModelDescription) throws(ModelError) -> [String] {
    var counts: [String: Int] = [:]
    var names: [String] = []
    var known = Set<String>()
    for item in description.layers {
      let type = type(of: item.layer)
      counts[type.shortName, default: 0] += 1
      let name = item.name ?? "\(type.shortName)\(counts[type.shortName]!)"
      guard known.insert(name).inserted else {
        throw ModelError("model \(description.name): two layers are called \"\(name)\"")
      }
      guard !reservedNames.contains(String(name.prefix { $0 != "." })) else {
        throw ModelError(
          "model \(description.name): expected another name than \"\(name)\" for a layer, as checkpoints call "
            + "what is not the model's own \(reservedNames.joined(separator: ", "))")
      }
      names.append(name)
    }
    return names
  }

  /// How a tensor starts depends on what follows its layer: a ReLU, directly or behind batch normalisation;
  /// or nothing, where its outputs are the logits.
  private static func initializer(
    of tensor: ParameterDescription, before following: ArraySlice<ModelDescription.NamedLayer>
  ) -> Initializer {
    guard case .glorot(let fanIn, _) = tensor.initializer else { return tensor.initializer }
    if following.isEmpty { return .normal(deviation: 0.01) }
    let next = following.first { !($0.layer is BatchNorm) }?.layer
    return next is ReLU ? .he(fanIn: fanIn) : tensor.initializer
  }

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
