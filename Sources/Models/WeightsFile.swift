import Data
import Files
import Foundation
import Networks
import Tensors

/// A safetensors file of weights, and what its metadata says of their model.
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
        hint: "give the file by --weights and the model, a name or a .json file, by --model")
    }
    return try Network(ModelDescription(json: Data(json.utf8), path: "\(path), metadata \"model\""))
  }

  /// The weights; of a checkpoint those that its run evaluates, the moving averages where there are any.
  package func parameters(for network: Network) throws -> SharedBuffer<Float> {
    let prefix = file.tensors.contains { $0.name.hasPrefix("average.") } ? "average." : ""
    func isWanted(_ name: String) -> Bool {
      prefix.isEmpty ? Network.isOwn(name) : name.hasPrefix(prefix)
    }
    // Sizes come from a description: they are compared with the file before memory is taken.
    try network.expect(Set(file.tensors.map(\.name).filter(isWanted)), prefix: prefix, from: path)
    let count = network.layout.tensors.reduce(0) { $0 + $1.range.count }
    guard count <= file.bytes.count else {
      throw FileError(
        path, expected: "the \(count) numbers of model \(network.description.name)",
        found: "a file of \(file.bytes.count) bytes")
    }
    let parameters = SharedBuffer<Float>(repeating: 0, count: network.layout.parameterCount)
    var values = parameters.mutableSpan
    try network.restore(
      file.load(where: isWanted), prefix: prefix,
      from: path, to: &values)
    return parameters
  }

  /// What the source says, then the metadata, then pixels in 0...1 as they are.
  package func normalization(for network: Network, _ source: ModelSource) throws -> Normalization {
    let channels = network.input.channels
    let stored = try storedNormalization()
    func values(_ given: [Double]?, _ stored: [Float]?, or other: Float, _ name: String) throws -> [Float] {
      let values = given.map { $0.map(Float.init) } ?? stored ?? [other]
      guard values.count == channels || values.count == 1 else {
        throw FileError(
          given == nil ? path : "--\(name)", expected: "a \(name) for each of \(channels) channels",
          found: "\(values.count)")
      }
      return values.count == channels ? values : [Float](repeating: values[0], count: channels)
    }
    return Normalization(
      mean: try values(source.mean, stored?.mean, or: 0, "mean"),
      deviation: try values(source.deviation, stored?.deviation, or: 1, "deviation"))
  }

  /// Of the metadata; nil where it has none.
  package func storedNormalization() throws -> Normalization? {
    guard let json = file.metadata["normalization"] else { return nil }
    guard let stored = try? JSONDecoder().decode(Normalization.self, from: Data(json.utf8)),
      stored.mean.allSatisfy(\.isFinite), stored.deviation.allSatisfy({ $0.isFinite && $0 > 0 })
    else {
      throw FileError(
        path, expected: "metadata \"normalization\" such as {\"mean\":[0.13],\"deviation\":[0.31]}",
        found: json)
    }
    return stored
  }

  package func classNames(for network: Network) throws -> [String]? {
    guard let json = file.metadata["classes"] else { return nil }
    guard let names = try? JSONDecoder().decode([String].self, from: Data(json.utf8)),
      names.count == network.classes
    else {
      throw FileError(
        path, expected: "metadata \"classes\" with the names of \(network.classes) classes", found: json)
    }
    return names
  }
}
