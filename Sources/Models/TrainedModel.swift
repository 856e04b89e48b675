import Data
import Files
import Foundation
import Networks
import Tensors

/// A network with weights, and how images are normalised for it: all that inference needs.
///
/// As a file it is a safetensors file of the weights, in PyTorch's names, shapes and order, whose metadata
/// says the rest: `model` (JSON, as in model files, with every layer's name), `normalization` (JSON, `mean`
/// and `deviation` by channel), `preprocessing` (JSON, `resize`, `crop`, `interpolation` and `channels`, for models of
/// photographs), `classes` (JSON, names, where there are any), `format` and `program`.
package struct TrainedModel: Sendable {
  package let network: Network
  package let parameters: SharedBuffer<Float>
  package let normalization: Normalization
  /// How photographs become inputs; nil for both sides resized, whatever their ratio.
  package let preprocessing: Preprocessing?
  /// The names of the classes, by their numbers; nil where they have none.
  package let classNames: [String]?
  /// What people should know of how the file was read that the model is from.
  package let notes: [String]
  /// The number of batches that running statistics were averaged over.
  private let batchesTracked: Int64

  /// The file's name in a run directory.
  package static let fileName = "model.safetensors"

  package init(
    _ network: Network, _ parameters: SharedBuffer<Float>, _ normalization: Normalization,
    preprocessing: Preprocessing? = nil, classNames: [String]? = nil, notes: [String] = [],
    batchesTracked: Int64 = 0
  ) {
    self.network = network
    self.parameters = parameters
    self.normalization = normalization
    self.preprocessing = preprocessing
    self.classNames = classNames
    self.notes = notes
    self.batchesTracked = batchesTracked
  }

  /// - Throws: `NotFiniteError` where weights are not finite, `OutputError` where the file cannot be written.
  package func write(to path: String, version: String) throws {
    let parameters = parameters
    let contents = SafetensorsContents(
      metadata: try metadata(version: version),
      tensors: try network.exported(parameters.span, batchesTracked: batchesTracked))
    try contents.write(to: path)
  }

  package func metadata(version: String) throws -> [String: String] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    func json(_ value: some Encodable) throws -> String {
      String(decoding: try encoder.encode(value), as: UTF8.self)
    }
    var metadata = ["format": "pt", "program": "cnn-mpi \(version)"]
    metadata["model"] = try json(network.namedDescription)
    metadata["normalization"] = try json(normalization)
    metadata["preprocessing"] = try preprocessing.map(json)
    metadata["classes"] = try classNames.map(json)
    return metadata
  }
}

extension TrainedModel {
  /// Reads a trained model, checked in every respect.
  ///
  /// - Throws: `FileError` or `ModelError`, with the path.
  package init(_ source: ModelSource) throws {
    if source.weights == nil,
      source.model.hasSuffix(".json") || ModelZoo.models.contains(where: { $0.name == source.model })
    {
      throw ModelError(
        "\(source.model): expected a run directory or .safetensors file, found a model without weights; "
          + "give these beside it")
    }
    let described = try source.weights.map { _ in try Network(ModelDescription(named: source.model)) }
    let file = try WeightsFile(path: source.weights ?? source.model)
    let network = try described ?? file.network()
    let (parameters, notes) = try file.weights(of: network)
    try self.init(
      network, parameters, file.normalization(for: network, source),
      preprocessing: file.preprocessing(for: network),
      classNames: source.classes.map { try ClassNames.read($0, count: network.classes) }
        ?? file.classNames(for: network), notes: notes)
  }
}
