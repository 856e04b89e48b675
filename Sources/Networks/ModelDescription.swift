import Files
import Glibc
import Tensors

/// A model as it is described: its input and its layers, from the zoo or a JSON file.
///
///     {
///       "name": "tiny",
///       "input": [28, 28, 1],
///       "layers": [
///         {"type": "conv2d", "filters": 8, "kernel": 3, "padding": 1},
///         {"type": "relu"},
///         {"type": "max_pool2d", "size": 2},
///         {"type": "dense", "units": 10}
///       ]
///     }
///
/// A layer reads the one before it, or those that it names, which come before it; `input` names the images:
///
///         {"type": "add", "inputs": ["conv2", "pool1"]}
///
/// The last layer's outputs are the logits of the classes; the loss is softmax cross-entropy.
package struct ModelDescription: Sendable, Codable {
  package struct NamedLayer: Sendable {
    /// The name that the description gives; nil for one by type and number, such as `conv1`.
    package let name: String?
    /// The names of the layers that it reads; nil for the one before it.
    package let inputs: [String]?
    package let layer: any Layer

    package init(name: String? = nil, inputs: [String]? = nil, layer: any Layer) {
      self.name = name
      self.inputs = inputs
      self.layer = layer
    }
  }

  package let name: String
  package let input: Shape
  package let layers: [NamedLayer]
  /// The file that it is from, for messages; nil for the zoo's.
  package private(set) var source: String?

  /// What messages call it, such as `net.json: model tiny`.
  package var title: String { (source.map { "\($0): " } ?? "") + "model \(name)" }

  package init(name: String, input: Shape, layers: [any Layer]) {
    self.init(name: name, input: input, layers: layers.map { NamedLayer(layer: $0) })
  }

  package init(name: String, input: Shape, layers: [NamedLayer]) {
    self.name = name
    self.input = input
    self.layers = layers
  }

  private enum CodingKeys: String, CodingKey, CaseIterable { case name, input, layers }

  package init(from decoder: any Decoder) throws {
    let keys = try decoder.strictContainer(CodingKeys.self)
    name = try keys.decode(String.self, forKey: .name)
    input = try keys.decode(Shape.self, forKey: .input)
    layers = try keys.decode([NamedLayer].self, forKey: .layers)
  }
}

extension ModelDescription.NamedLayer: Codable {
  private enum CodingKeys: String, CodingKey { case type, name, inputs }

  package init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    name = try keys.decodeIfPresent(String.self, forKey: .name)
    inputs = try keys.decodeIfPresent([String].self, forKey: .inputs)
    let type = try keys.decode(String.self, forKey: .type)
    guard let layerType = layerTypes.first(where: { $0.type == type }) else {
      let known = layerTypes.map { $0.type }.joined(separator: ", ")
      throw DecodingError.dataCorruptedError(
        forKey: .type, in: keys, debugDescription: "no layer is called \"\(type)\"; there are \(known)")
    }
    layer = try layerType.init(from: decoder)
  }

  package func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: CodingKeys.self)
    try keys.encode(type(of: layer).type, forKey: .type)
    try keys.encodeIfPresent(name, forKey: .name)
    try keys.encodeIfPresent(inputs, forKey: .inputs)
    try layer.encode(to: encoder)
  }
}

/// The reason why a model cannot be.
package struct ModelError: Error, Equatable, CustomStringConvertible {
  /// What somebody who knows the program's options can give a hint on.
  package enum Cause: Sendable {
    /// Weights fit but for the number of classes that their head tells apart.
    case otherClasses
  }

  package let description: String
  package let cause: Cause?

  /// - Parameter description: one line; what names from files would do to a terminal is escaped.
  package init(_ description: String, cause: Cause? = nil) {
    self.description = escaped(description, length: .max)
    self.cause = cause
  }
}

extension ModelDescription {
  /// The model of the zoo with this name, or the one in the file at this path.
  ///
  /// - Throws: `ModelError` where no model has this name, `FileError` where the file cannot be used.
  package init(named model: String) throws {
    if let known = ModelZoo.models.first(where: { $0.name == model }) {
      self = known
    } else if model.hasSuffix(".json") || model.contains("/") || access(model, F_OK) == 0 {
      try self.init(path: model)
    } else {
      throw ModelError(
        "no model is called \"\(model)\"; there are \(ModelZoo.names), or give the path of a .json file")
    }
  }

  /// - Parameter path: a JSON file.
  package init(path: String) throws(FileError) {
    try self.init(json: readFile(path, as: "a readable model file"), path: path)
  }

  /// - Parameter path: where `json` is from, for messages.
  package init(json: [UInt8], path: String) throws(FileError) {
    self = try decodeJSON(
      ModelDescription.self, from: json, path: path, as: "the description of a model in JSON")
    source = path
  }
}
