import Engine
import Files
import Foundation
import Models
import Parallel
import Reporting

/// What `cnn-mpi predict` found: the classes of images, and which could not be read.
package struct PredictionReport: Sendable {
  struct Candidate: Encodable, Sendable {
    let `class`: Int
    /// Nil where classes have numbers only.
    let name: String?
    /// Softmax of the logits.
    let probability: Double
  }

  struct Prediction: Encodable, Sendable {
    let file: String
    /// True where `file` shows bytes as `\xE9` that are no UTF-8, or control characters so; nil elsewhere.
    let escaped: Bool?
    /// The most probable first.
    let top: [Candidate]
  }

  package struct Failure: Encodable, Sendable {
    package let file: String
    /// True where `file` is escaped, as in a prediction.
    package let escaped: Bool?
    package let error: String

    init(_ path: Path, _ name: String, _ error: String) {
      file = name
      escaped = path.isShownEscaped ? true : nil
      self.error = error
    }
  }

  private let model: String
  private let classNames: [String]?
  private let classes: Int
  private let top: Int
  private(set) var predictions: [Prediction] = []
  package internal(set) var failures: [Failure] = []
  /// (predictions, classes)
  private var logits: [Float] = []

  init(_ model: TrainedModel, top: Int) {
    self.model = model.network.description.name
    classNames = model.classNames
    classes = model.network.classes
    self.top = min(top, classes)
  }

  /// Takes over the logits of an image, which is in the file `path` and called `name`.
  mutating func add(_ path: Path, _ name: String, _ row: [Float]) {
    guard row.allSatisfy(\.isFinite) else {
      failures.append(
        Failure(
          path, name, "\(name): expected finite logits, found others; the model's weights may not be finite"))
      return
    }
    logits += row
    let largest = Double(row.max()!)
    let powers = row.map { exp(Double($0) - largest) }
    let sum = powers.reduce(0, +)
    let order = row.indices.sorted { (row[$1], $0) < (row[$0], $1) }
    let candidates = order.prefix(top).map {
      Candidate(class: $0, name: classNames?[$0], probability: powers[$0] / sum)
    }
    predictions.append(
      Prediction(file: name, escaped: path.isShownEscaped ? true : nil, top: candidates))
  }

  /// Writes the logits of the predicted images, in the order of the table, as a NumPy file.
  func writeLogits(to path: String) throws(OutputError) {
    try writeNPY(logits, shape: [predictions.count, classes], to: path)
  }

  /// A row an image; empty where there is none.
  package var text: String {
    guard !predictions.isEmpty else { return "" }
    let header = (0..<top).flatMap {
      $0 == 0 ? ["class", "probability"] : ["class \($0 + 1)", "probability"]
    }
    let rows = predictions.map { prediction in
      [prediction.file]
        + prediction.top.flatMap { [$0.name ?? "\($0.class)", percent($0.probability)] }
    }
    return columns(["file"] + header, rows) + "\n"
  }

  package func json(version: String) throws -> String {
    struct Report: Encodable {
      let version: String
      let model: String
      let predictions: [Prediction]
      let failures: [Failure]
    }
    let report = Report(version: version, model: model, predictions: predictions, failures: failures)
    return String(decoding: try prettyJSON(report), as: UTF8.self)
  }
}

/// Some images have no prediction. All ranks know.
package struct PredictionFailure: AgreedError, CustomStringConvertible {
  private let failed: Int
  private let predicted: Int

  /// Nil when all went well.
  package init?(_ report: PredictionReport) {
    guard !report.failures.isEmpty else { return nil }
    failed = report.failures.count
    predicted = report.predictions.count
  }

  package var description: String {
    "no prediction for \(failed) of \(counted(failed + predicted, "input"))"
  }
}
