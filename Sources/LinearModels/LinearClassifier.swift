import Files
import Tensors

/// Weights that tell a class from another, or from all others, as a file keeps them.
package struct LinearClassifier: Sendable {
  package var positive: String
  package var negative: String
  /// (columns).
  package var weights: [Double]

  private static let kind = "cnn-mpi linear classifier 1"

  package init(positive: String, negative: String, weights: [Double]) {
    (self.positive, self.negative, self.weights) = (positive, negative, weights)
  }

  /// Writes classifiers to a safetensors file: `weight`, (classifiers, columns), rounded to 32 bits, and the classes in its
  /// metadata, as `positive` and `negative`, JSON lists of their names.
  package static func write(
    _ classifiers: [LinearClassifier], to path: String, version: String
  ) throws(OutputError) {
    var metadata: [String: String] = [:]
    metadata["format"] = kind
    metadata["version"] = version
    metadata["positive"] = "[\(classifiers.map { jsonString($0.positive) }.joined(separator: ","))]"
    metadata["negative"] = "[\(classifiers.map { jsonString($0.negative) }.joined(separator: ","))]"
    let columns = classifiers.first?.weights.count ?? 0
    let numbers = classifiers.flatMap(\.weights).map { Float($0) }
    try SafetensorsContents(
      metadata: metadata, tensors: [NamedTensor("weight", [classifiers.count, columns], .floats(numbers))]
    ).write(to: path)
  }
}
