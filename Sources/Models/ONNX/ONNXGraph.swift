import Files
import Tensors

/// A value of an ONNX graph, for each image: of shape (N, C, H, W), or (N, C) where it is flat.
package struct ONNXValue: Sendable {
  package let name: String
  /// The shape of an image's numbers; 1 x 1 x C where the value is flat.
  package let shape: Shape
  package let isFlat: Bool
}

/// A graph of ONNX operations, from the images to the logits, in the making.
///
/// Convolutions and pooling give values (N, C, H, W), dense layers flat ones, (N, C); what works on single
/// numbers or channels takes either. `flattened` and `unflattened` lead from one to the other.
package struct ONNXGraph: Sendable {
  /// The name of the input: normalised pixels, (N, C, H, W).
  package static let inputName = "images"
  /// The name of the output, (N, classes).
  package static let outputName = "logits"

  package let input: ONNXValue
  package private(set) var nodes: [ONNXNode] = []
  /// Weights and other constants.
  package private(set) var tensors: [NamedTensor] = []
  /// Names that are taken: of nodes, of tensors, and of layers whose nodes are still to come.
  private var names: Set<String>

  /// - Parameters:
  ///   - input: the shape of an image.
  ///   - layers: names that stay free for the layers' own operations.
  package init(input: Shape, layers: [String] = []) {
    self.input = ONNXValue(name: Self.inputName, shape: input, isFlat: false)
    names = Set(layers)
  }

  /// Adds a layer's own operation.
  ///
  /// - Parameters:
  ///   - layer: one of the names given at the start.
  ///   - tensors: names of tensors, its inputs behind `inputs`.
  ///   - shape: of the output.
  ///   - flat: the output is flat; nil for the same as the first input.
  package mutating func add(
    _ operation: String, as layer: String, _ inputs: [ONNXValue], _ tensors: [String] = [],
    to shape: Shape, flat: Bool? = nil, _ attributes: KeyValuePairs<String, ONNXAttribute> = [:]
  ) -> ONNXValue {
    let node = ONNXNode(
      operation: operation, name: layer, inputs: inputs.map(\.name) + tensors, output: "\(layer)/output",
      attributes: attributes.map { ($0, $1) })
    nodes.append(node)
    return ONNXValue(name: node.output, shape: shape, isFlat: flat ?? inputs[0].isFlat)
  }

  /// Adds an operation that prepares or completes that of a layer, under a name which nobody has.
  package mutating func add(
    _ operation: String, for layer: String, _ inputs: [ONNXValue], _ tensors: [String] = [],
    to shape: Shape, flat: Bool? = nil, _ attributes: KeyValuePairs<String, ONNXAttribute> = [:]
  ) -> ONNXValue {
    let name = unique("\(layer)/\(operation.lowercased())")
    return add(operation, as: name, inputs, tensors, to: shape, flat: flat, attributes)
  }

  /// Adds the product of a matrix, by its tensor's name, with each of a value's channels.
  package mutating func addProduct(for layer: String, _ matrix: String, _ value: ONNXValue, to shape: Shape)
    -> ONNXValue
  {
    let product = add("MatMul", for: layer, [value], to: shape)
    nodes[nodes.count - 1].inputs.insert(matrix, at: 0)
    return product
  }

  /// Adds a tensor under a name that nobody has.
  ///
  /// - Returns: the name.
  package mutating func addTensor(
    _ name: String, for layer: String, _ shape: [Int], _ values: NamedTensor.Values
  ) -> String {
    let name = unique("\(layer)/\(name)")
    tensors.append(NamedTensor(name, shape, values))
    return name
  }

  /// Adds the weights of layers, whose names nodes refer to.
  package mutating func add(weights: [NamedTensor]) { tensors += weights }

  private mutating func unique(_ name: String) -> String {
    var (candidate, count) = (name, 1)
    while !names.insert(candidate).inserted {
      count += 1
      candidate = "\(name)_\(count)"
    }
    return candidate
  }

  /// Makes `value`, which a node gives, the graph's output.
  package mutating func finish(with value: ONNXValue) {
    precondition(value.isFlat, "an output of shape (N, C) is expected, not \(value.shape)")
    for index in nodes.indices {
      if nodes[index].output == value.name { nodes[index].output = Self.outputName }
      nodes[index].inputs = nodes[index].inputs.map { $0 == value.name ? Self.outputName : $0 }
    }
  }
}

extension ONNXGraph {
  /// The value as (N, C H W).
  package mutating func flattened(_ value: ONNXValue, for layer: String) -> ONNXValue {
    guard !value.isFlat else { return value }
    return add("Flatten", for: layer, [value], to: Shape(features: value.shape.count), flat: true)
  }

  /// The value as (N, C, H, W).
  package mutating func unflattened(_ value: ONNXValue, for layer: String) -> ONNXValue {
    guard value.isFlat else { return value }
    let axes = addTensor("axes", for: layer, [2], .integers([2, 3]))
    return add("Unsqueeze", for: layer, [value], [axes], to: value.shape, flat: false)
  }

  /// The values all flat, or none: where they differ, as (N, C, H, W).
  package mutating func alike(_ values: [ONNXValue], for layer: String) -> [ONNXValue] {
    guard values.contains(where: { !$0.isFlat }) else { return values }
    return values.map { unflattened($0, for: layer) }
  }

  /// The value as (N, H W C), the order of logits and of what is flattened here: (N, C H W) in other words
  /// where height and width are 1.
  package mutating func flattenedByPosition(_ value: ONNXValue, for layer: String) -> ONNXValue {
    guard value.shape.height * value.shape.width > 1 else { return flattened(value, for: layer) }
    let turned = add(
      "Transpose", for: layer, [value], to: value.shape, ["perm": .integers([0, 2, 3, 1])])
    return flattened(turned, for: layer)
  }
}
