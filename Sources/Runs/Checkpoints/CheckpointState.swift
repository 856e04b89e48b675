import Data
import Files
import Foundation
import Networks
import Parallel

/// What a checkpoint has beside numbers of the model's layout.
package struct CheckpointState: Codable, Sendable {
  /// What it is called in a file's metadata.
  static let key = "training"

  /// The newest format that this program reads, and the one that it writes. It rises when a checkpoint gets
  /// something that earlier programs cannot do without; what is only new gets a default where it is read.
  static let format = 1

  /// Nil in checkpoints of the first programs, which wrote format 1 without saying so.
  private let format: Int?
  package let configuration: TrainingConfiguration
  let model: ModelDescription
  /// The number of ranks of the run that wrote it.
  let worldSize: Int
  let globalBatch: Int
  let microBatch: Int
  let peakLearningRate: Double
  /// How many images it was trained on.
  let trainSamples: Int
  /// What `LabeledImages.fingerprint` said of them and of the test images; the first programs wrote hashes of
  /// another kind, without a prefix.
  let trainDataHash: String
  let testDataHash: String
  let normalization: Normalization
  let progress: RunProgress
  let earlyStopping: EarlyStopping.State?
  let recorded: SumsAtLastRecord

  init(
    _ setup: TrainingSetup, _ progress: RunProgress, _ earlyStopping: EarlyStopping.State?,
    _ recorded: SumsAtLastRecord, worldSize: Int
  ) {
    format = Self.format
    configuration = setup.configuration
    model = setup.network.description
    self.worldSize = worldSize
    globalBatch = setup.schedule.globalBatch
    microBatch = setup.schedule.microBatch
    peakLearningRate = setup.learningRates.peak
    trainSamples = setup.data.train.count
    trainDataHash = setup.trainDataHash
    testDataHash = setup.testDataHash
    normalization = setup.normalization
    self.progress = progress
    self.earlyStopping = earlyStopping
    self.recorded = recorded
  }

  /// Epochs that are done.
  package var epochsDone: Int { progress.position.epoch }

  /// - Throws: `ResumeError` where a run with these would not go on as the checkpoint's.
  func check(_ network: Network, trainSamples samples: Int, trainHash: String, testHash: String) throws {
    func expect(_ what: String, _ was: String, _ now: String) throws {
      if was != now { throw ResumeError(what, checkpoint: was, now: now) }
    }
    try expect("the model", model.name, network.description.name)
    try expect("the model", Self.text(model), Self.text(network.description))
    try expect("the training data", "\(trainSamples) images", "\(samples) images")
    guard isComparable(trainHash) else { return }
    try expect("the training data", "hash \(trainDataHash)", "hash \(trainHash)")
    try expect("the test data", "hash \(testDataHash)", "hash \(testHash)")
  }

  /// Whether a hash is of the kind that the checkpoint has: only then it can tell whether the data are the
  /// same.
  func isComparable(_ hash: String) -> Bool {
    func kind(_ hash: String) -> Substring? { hash.firstIndex(of: ":").map { hash[..<$0] } }
    return kind(hash) == kind(trainDataHash)
  }

  private static func text(_ model: ModelDescription) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return String(decoding: try encoder.encode(model), as: UTF8.self)
  }

  /// The state as JSON, which `decode` reads. Numbers read back exactly.
  func encoded() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  /// - Parameters:
  ///   - path: the checkpoint, for messages.
  ///   - program: what wrote the text, such as `cnn-mpi 0.1.0`, for messages.
  /// - Throws: also where the format is newer than this program.
  static func decode(_ text: String, path: String, writtenBy program: String) throws(FileError)
    -> CheckpointState
  {
    let (bytes, place, expected) = (Array(text.utf8), "\(path), metadata \"\(key)\"", "the state of a run")
    let found = try decodeJSON(Format.self, from: bytes, path: place, as: expected).format ?? 1
    guard found <= format else {
      throw FileError(
        path, expected: expected,
        found: "format \(found), written by \(program), where this program reads formats up to \(format)")
    }
    return try decodeJSON(CheckpointState.self, from: bytes, path: place, as: expected)
  }

  private struct Format: Decodable {
    let format: Int?
  }
}

/// The run that is asked for is not the one that the checkpoint is of.
package struct ResumeError: Error, CustomStringConvertible {
  package let description: String

  init(_ what: String, checkpoint: String, now: String) {
    description = "cannot resume: \(what) differs: the checkpoint has \(checkpoint), this run \(now)"
  }
}
