import Data
import Files
import Foundation
import Networks
import Tensors

/// A safetensors file of weights, and what its metadata says of the model that they are of.
package struct WeightsFile {
  package let file: SafetensorsFile

  /// - Parameter path: the file, or a run directory that holds it.
  package init(path: String) throws(FileError) {
    guard isDirectory(path) else {
      file = try SafetensorsFile(path: path)
      return
    }
    let inside = path + (path.hasSuffix("/") ? "" : "/") + TrainedModel.fileName
    guard exists(inside) else {
      throw FileError(
        path, expected: "a run directory with \(TrainedModel.fileName)", found: "none in it",
        hint: "a run writes it at its end")
    }
    file = try SafetensorsFile(path: inside)
  }

  private var path: String { file.path }

  /// The network of the metadata.
  package func network() throws -> Network {
    guard let json = file.metadata["model"] else {
      throw FileError(
        path, expected: "weights with a description of their model in the metadata", found: "none",
        hint: "give the file as weights, and beside it the model: a name, or a .json file")
    }
    return try Network(ModelDescription(json: Array(json.utf8), path: place(ofMetadata: "model")))
  }

  /// The weights, and what people should know of how they were found. Those of a checkpoint are the ones that
  /// its run evaluates, the moving averages where there are any. What PyTorch's wrappers put before all names
  /// does not matter.
  ///
  /// - Parameters:
  ///   - besides: a layer that the file need not have, or in another shape, and that gets random weights.
  ///   - seed: of the random weights.
  package func weights(
    of network: Network, besides layer: Network.Node? = nil, seed: UInt64 = 0
  ) throws -> (parameters: SharedBuffer<Float>, notes: [String]) {
    let names = file.tensors.map(\.name)
    let wrapper = network.wrapperPrefix(of: names)
    let prefix = names.contains { $0.hasPrefix("average.") } ? "average." : wrapper
    func isWanted(_ name: String) -> Bool {
      prefix.isEmpty ? Network.isOwn(name) : name.hasPrefix(prefix)
    }
    // Sizes come from a description: they are compared with the file before memory is taken.
    try network.expect(Set(names.filter(isWanted)), besides: layer, prefix: prefix, from: path)
    let left = layer?.tensors ?? 0..<0
    let count = network.layout.tensors.indices.reduce(0) {
      $0 + (left.contains($1) ? 0 : network.layout.tensors[$1].range.count)
    }
    guard count <= file.bytes.count else {
      throw FileError(
        path, expected: "the \(count) numbers of model \(network.description.name)",
        found: "a file of \(file.bytes.count) bytes")
    }
    let parameters = SharedBuffer<Float>(repeating: 0, count: network.layout.parameterCount)
    var values = parameters.mutableSpan
    if layer != nil { network.initialize(&values, seed: seed) }
    try network.restore(
      file.load(where: isWanted), besides: layer, prefix: prefix, from: path, to: &values)
    let note = "the names in \(path) begin with \(wrapper), which is left out"
    return (parameters, wrapper.isEmpty ? [] : [note])
  }

  /// How images are normalised: as the source says, or else the metadata, or else not at all: pixels in 0...1
  /// as they are.
  package func normalization(for network: Network, _ source: ModelSource) throws -> Normalization {
    let channels = network.input.channels
    let stored = try storedNormalization()
    func values(_ given: [Double]?, _ stored: [Float]?, or other: Float, _ name: String) throws -> [Float] {
      let values = given.map { $0.map(Float.init) } ?? stored ?? [other]
      guard values.count == channels || values.count == 1 else {
        throw FileError(
          given == nil ? path : name, expected: "a \(name) for each of \(channels) channels",
          found: "\(values.count)")
      }
      return values.count == channels ? values : [Float](repeating: values[0], count: channels)
    }
    let mean = try values(source.mean, stored?.mean, or: 0, "mean")
    let deviation = try values(source.deviation, stored?.deviation, or: 1, "deviation")
    guard zip(mean, deviation).allSatisfy({ ($0 / $1).isFinite }) else {
      throw FileError(
        path, expected: "means and deviations that bring pixels to finite numbers",
        found: "means \(mean) and deviations \(deviation)")
    }
    return Normalization(mean: mean, deviation: deviation)
  }

  /// How the metadata say that images are normalised; nil where they say nothing.
  package func storedNormalization() throws(FileError) -> Normalization? {
    let expected = "means and deviations such as {\"mean\":[0.13],\"deviation\":[0.31]}"
    guard let stored = try metadata(Normalization.self, "normalization", as: expected) else { return nil }
    // A deviation that is not normal has a reciprocal that is not finite.
    guard stored.mean.allSatisfy(\.isFinite), stored.deviation.allSatisfy({ $0.isNormal && $0 > 0 }) else {
      throw FileError(
        place(ofMetadata: "normalization"), expected: expected, found: file.metadata["normalization"] ?? "")
    }
    return stored
  }

  /// How photographs become inputs; nil where the metadata say nothing.
  package func preprocessing(for network: Network) throws(FileError) -> Preprocessing? {
    let expected =
      "a preprocessing such as {\"resize\":256,\"crop\":224,\"interpolation\":\"bilinear\",\"channels\":\"RGB\"}"
    guard let stored = try metadata(Preprocessing.self, "preprocessing", as: expected) else { return nil }
    if let problem = stored.problem(for: network.input) {
      throw FileError(place(ofMetadata: "preprocessing"), expected: problem.expected, found: problem.found)
    }
    return stored
  }

  /// The names of the classes; nil where the metadata have none.
  package func classNames(for network: Network) throws(FileError) -> [String]? {
    let expected = "the names of \(network.classes) classes"
    guard let names = try metadata([String].self, "classes", as: expected) else { return nil }
    guard names.count == network.classes else {
      throw FileError(place(ofMetadata: "classes"), expected: expected, found: "\(names.count)")
    }
    return names
  }

  /// A text of the metadata, decoded; nil where there is none.
  private func metadata<Value: Decodable>(
    _ type: Value.Type, _ key: String, as expected: String
  ) throws(FileError) -> Value? {
    guard let json = file.metadata[key] else { return nil }
    return try decodeJSON(type, from: Array(json.utf8), path: place(ofMetadata: key), as: expected)
  }

  private func place(ofMetadata key: String) -> String { "\(path), metadata \"\(key)\"" }
}
