import Data
import Engine
import Files
import Models
import Networks
import Parallel
import Reporting

/// What `cnn-mpi evaluate` is to do.
package struct EvaluationConfiguration: Sendable {
  package enum Part: String, CaseIterable, Sendable { case test, train }

  package var source = ModelSource()
  /// `synthetic`, or a directory or file.
  package var data = "synthetic"
  package var dataOptions = DataOptions()
  package var part = Part.test
  /// Use only the first images; nil for all.
  package var samples: Int?
  /// The seed of synthetic digits.
  package var seed: UInt64 = 1
  package var microBatch = 32
  /// Threads a rank; nil for the cores that the rank has to itself.
  package var threads: Int?
  package var json = false
  /// Directory for figures; nil for none.
  package var figures: String?
  /// The most images that are shown on the sheet of mistakes.
  package var mistakes = 32

  package init() {}
}

/// What came out of an evaluation, on every rank.
package struct Evaluation {
  let configuration: EvaluationConfiguration
  let model: TrainedModel
  let images: any Dataset
  /// How they got to their size; nil where they are of one.
  let preprocessing: Preprocessing?
  let result: EvaluationResult
  let report: ClassificationReport
}

/// What `cnn-mpi evaluate --json` prints.
private struct EvaluationReport: Encodable {
  let version: String
  let model: String
  let data: String
  let part: String
  let samples: Int
  let loss: Double
  let accuracy: Double
  let report: ClassificationReport
}

/// Evaluates a trained model, on all ranks of `world`.
///
/// - Throws: the same error on all ranks, or an `MPIError`.
package func evaluate(_ configuration: EvaluationConfiguration, in world: World) throws -> Evaluation {
  _ = try Watchdog(world, StallLimits(), .ofCommand)
  let model = try world.read(configuration.source)
  let threads = configuration.threads ?? world.threadsPerRank
  try world.requireMemory(
    model.memoryNeed(microBatch: configuration.microBatch, threads: threads),
    toTrain: false, model.network, microBatch: configuration.microBatch)
  let part = configuration.part == .test ? DataPart.test : .train
  let found = try world.loadImages(
    part, from: configuration.data, isAlone: true, configuration.dataOptions, limit: configuration.samples,
    seed: configuration.seed,
    as: ImageInput(shape: model.network.input, preprocessing: model.preprocessing), threads: threads)
  let loaded = try world.agree {
    guard let found else { throw DataSource.missing(part, in: configuration.data) }
    return found
  }
  if world.isRoot { for note in loaded.notes { printNote(note) } }
  let images = try world.agree {
    let images = try loaded.images.named(as: model.classNames, of: configuration.data)
    try model.network.check(images)
    return images
  }
  // Known before the work is done.
  try world.agree { if world.isRoot, let figures = configuration.figures { try makeDirectory(figures) } }
  let result = try Evaluator(model, world, microBatch: configuration.microBatch, threads: threads)
    .evaluate(BatchLoader(images, model.normalization), keepCertainties: configuration.figures != nil)
  let report = ClassificationReport(
    labels: images.labels, predictions: result.predictions, names: model.namesOfClasses)
  return Evaluation(
    configuration: configuration, model: model, images: images, preprocessing: loaded.preprocessing,
    result: result, report: report)
}

extension Evaluation {
  /// The report as text or JSON.
  package func text(version: String) throws -> String {
    let whole = EvaluationReport(
      version: version, model: model.network.description.name, data: configuration.data,
      part: configuration.part.rawValue, samples: result.count, loss: result.loss, accuracy: result.accuracy,
      report: report)
    guard !configuration.json else { return String(decoding: try prettyJSON(whole), as: UTF8.self) }
    return whole.text(correct: result.correct)
  }
}

extension Dataset {
  /// With the numbers that a model has for the classes, where both have names for them.
  ///
  /// - Parameter source: of the images, for messages.
  func named(as names: [String]?, of source: String) throws(DataError) -> any Dataset {
    guard let names, let own = classNames, names != own else { return self }
    let numbers = Dictionary(names.enumerated().map { ($1, Int32($0)) }) { first, _ in first }
    var map: [Int32] = []
    for name in own {
      guard let number = numbers[name] else {
        throw DataError(
          source, expected: "classes that the model knows, such as \(shown(names[0]))", found: shown(name))
      }
      map.append(number)
    }
    return relabeled(labels.map { map[Int($0)] }, classNames: names)
  }
}

extension TrainedModel {
  /// By class: names, or numbers.
  package var namesOfClasses: [String] { classNames ?? (0..<network.classes).map(String.init) }
}

extension EvaluationReport {
  fileprivate func text(correct: Int) -> String {
    let summary = table([
      ("model", model), ("data", "\(data), \(part) part"),
      ("accuracy", "\(percent(accuracy)), \(grouped(correct)) of \(grouped(samples))"),
      ("loss", decimal(loss, 4)),
    ])
    return "cnn-mpi \(version)\n\(summary)\n\n\(report.text)\n"
  }
}

extension ClassificationReport {
  /// Tables of the classes and of what they are taken for.
  package var text: String {
    var parts = [classTable]
    if let confusionMatrix {
      let names = classes.map(\.name)
      let rows = zip(names, confusionMatrix).map { [$0] + $1.map { $0 == 0 ? "." : grouped($0) } }
      parts.append("  rows: true classes, columns: predictions\n" + columns([""] + names, rows))
    }
    if !mostConfused.isEmpty {
      parts.append(
        columns(
          ["taken for", "samples"],
          mostConfused.map { ["\($0.label) for \($0.prediction)", grouped($0.count)] }))
    }
    if unclassified > 0 {
      parts.append("  \(grouped(unclassified)) samples have no prediction: their logits are not finite")
    }
    return parts.joined(separator: "\n\n")
  }

  private var classTable: String {
    func shown(_ share: Double?) -> String { share.map(percent) ?? "-" }
    let rows = classes.map {
      [$0.name, shown($0.precision), shown($0.recall), shown($0.f1), grouped($0.support)]
    }
    let total = classes.reduce(0) { $0 + $1.support }
    let mean = ["mean", shown(meanPrecision), shown(meanRecall), shown(meanF1), grouped(total)]
    return columns(["class", "precision", "recall", "F1", "samples"], rows + [mean])
  }
}
