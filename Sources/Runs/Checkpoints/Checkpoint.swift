import Data
import Engine
import Files
import Foundation
import Models
import Networks
import Parallel
import Tensors

/// All that a run needs to go on as if it had not stopped: one for all ranks.
///
/// As a file it is a model like any other in safetensors, weights under PyTorch's names, with the optimizer's
/// state behind them (`optimizer.velocity.conv1.weight`) and `CheckpointState` in its metadata.
package final class Checkpoint {
  package let state: CheckpointState
  package let path: String
  /// Nil once a run has gone on with it: the memory is not kept for the rest of the run.
  private(set) var file: SafetensorsFile?

  /// - Throws: when the file is none of a run.
  init(_ file: SafetensorsFile) throws {
    self.file = file
    path = file.path
    guard let text = file.metadata[CheckpointState.key] else {
      throw FileError(
        file.path, expected: "a checkpoint, with \"\(CheckpointState.key)\" in its metadata", found: "none",
        hint: "model.safetensors is for --weights, evaluate and predict")
    }
    state = try decodeJSON(
      CheckpointState.self, from: Array(text.utf8),
      path: "\(file.path), metadata \"\(CheckpointState.key)\"", as: "the state of a run of this version")
  }
}

/// What a checkpoint has beside numbers of the model's layout.
package struct CheckpointState: Codable, Sendable {
  /// What it is called in a file's metadata.
  static let key = "training"

  package let configuration: TrainingConfiguration
  let model: ModelDescription
  /// Of the run that wrote it.
  let worldSize: Int
  let globalBatch: Int
  let microBatch: Int
  let peakLearningRate: Double
  /// The data that it was trained on.
  let trainSamples: Int
  let trainDataHash: String
  let testDataHash: String
  let normalization: Normalization
  let progress: RunProgress
  let earlyStopping: EarlyStopping.State?
  let recorded: RecordedSums

  init(
    _ setup: TrainingSetup, _ progress: RunProgress, _ earlyStopping: EarlyStopping.State?,
    _ recorded: RecordedSums, worldSize: Int
  ) {
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
    try expect("the training data", "hash \(trainDataHash)", "hash \(trainHash)")
    try expect("the test data", "hash \(testDataHash)", "hash \(testHash)")
  }

  private static func text(_ model: ModelDescription) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return String(decoding: try encoder.encode(model), as: UTF8.self)
  }

  /// The state as JSON, which `decodeJSON` reads. Numbers read back exactly.
  func encoded() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}

/// The run that is asked for is not the one that the checkpoint is of.
package struct ResumeError: Error, CustomStringConvertible {
  package let description: String

  init(_ what: String, checkpoint: String, now: String) {
    description = "cannot resume: \(what) differs: the checkpoint has \(checkpoint), this run \(now)"
  }
}

// The numbers of a checkpoint: the parameters under their own names, and other arenas behind prefixes.

extension Trainer {
  func checkpointTensors(_ position: TrainingPosition, _ stopping: EarlyStopping?) throws -> [NamedTensor] {
    let parameters = parameters
    var tensors = try network.exported(parameters.span, batchesTracked: Int64(position.step))
    for arena in furtherArenas(stopping) {
      tensors += try network.exported(arena.values.span, arena.part, prefix: arena.prefix)
    }
    return tensors
  }

  /// The optimizer's state, the moving average of the weights, and the best epoch's weights.
  fileprivate func furtherArenas(
    _ stopping: EarlyStopping?
  ) -> [(prefix: String, part: Network.ArenaPart, values: SharedBuffer<Float>)] {
    var arenas = optimizer.state.map { name, values in
      (prefix: "optimizer.\(name).", part: Network.ArenaPart.trainable, values: values)
    }
    if let average { arenas.append(("average.", .parameters, average.values)) }
    if let stopping { arenas.append(("best.", .parameters, stopping.weights)) }
    return arenas
  }

  /// Makes an earlier epoch's weights the result.
  func take(_ weights: SharedBuffer<Float>) {
    let memory = evaluatedParameters
    var current = memory.mutableSpan
    current.copy(from: weights.span)
  }
}

extension Checkpoint {
  /// Gives a run that begins the numbers of this one.
  func restore(_ trainer: Trainer, _ stopping: EarlyStopping?) throws {
    guard let file else { preconditionFailure("\(path) was restored before") }
    defer { self.file = nil }
    func restore(_ values: SharedBuffer<Float>, _ part: Network.ArenaPart, prefix: String) throws {
      let tensors = try file.load { name in
        prefix.isEmpty ? Network.isOwn(name) : name.hasPrefix(prefix)
      }
      var arena = values.mutableSpan
      try trainer.network.restore(tensors, part, prefix: prefix, from: path, to: &arena)
    }
    try restore(trainer.parameters, .parameters, prefix: "")
    // A run may stop early that did not before.
    let known = state.earlyStopping == nil ? nil : stopping
    for arena in trainer.furtherArenas(known) {
      try restore(arena.values, arena.part, prefix: arena.prefix)
    }
    if let earlyStopping = state.earlyStopping { stopping?.state = earlyStopping }
  }
}
