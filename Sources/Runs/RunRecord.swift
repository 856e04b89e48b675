import Engine
import Files
import Foundation
import Parallel
import Reporting
import System
import Tensors

/// `run.json`: what was run, where, and what came out. The keys are these names in snake case.
package struct RunRecord: Codable {
  package static let name = "run.json"

  package enum Status: String, Codable, Sendable {
    case running, completed, checkpointed, failed
    /// Never written: what is made of `running` when the process is gone.
    case died

    /// Such as `a completed run`.
    package var words: String {
      switch self {
      case .running: "a run that is going on"
      case .completed: "a completed run"
      case .checkpointed: "a run that was stopped behind a checkpoint"
      case .failed: "a failed run"
      case .died: "a run that died"
      }
    }
  }

  package var status = Status.running
  /// Why it failed, or was stopped.
  package var error: String?
  package var started = Date()
  package var finished: Date?
  /// The process of rank 0; nil in records of earlier versions.
  package var process: ProcessIdentity?
  package var configuration: TrainingConfiguration
  package var environment: RunEnvironment
  package var model: String
  package var modelParameters: Int
  package var worldSize: Int
  /// The number of rank 0's threads.
  package var threads: Int
  package var globalBatch: Int
  package var microBatch: Int
  package var trainSamples: Int
  package var validationSamples: Int?
  package var testSamples: Int
  /// After scaling and warm-up.
  package var peakLearningRate: Double
  package var epochsCompleted = 0
  package var trainLoss: Double?
  package var trainAccuracy: Double?
  package var validationLoss: Double?
  package var validationAccuracy: Double?
  package var testLoss: Double?
  package var testAccuracy: Double?
  /// With early stopping: the epoch, from 1, whose weights are the result and whose losses and accuracies
  /// stand here in the end, and whether there would have been further epochs.
  package var bestEpoch: Int?
  package var stoppedEarly: Bool?
  /// The speed of the whole world over the training time.
  package var imagesPerSecond: Double?
  package var trainSeconds: Double?
  package var evaluationSeconds: Double?
  package var weightsSHA256: String?
  /// The checkpoint that the run went on from, and the steps that had been done there.
  package var resumedFrom: String?
  package var resumedAfterStep: Int?
  /// Where the training time of each epoch went, on rank 0.
  package var epochTimes: [EpochTimes] = []

  init(_ setup: TrainingSetup, _ world: World, version: String) {
    configuration = setup.configuration
    process = .own
    environment = RunEnvironment(world, version: version)
    model = setup.network.description.name
    modelParameters = setup.network.layout.trainableNumbers
    worldSize = world.size
    threads = setup.threads
    globalBatch = setup.schedule.globalBatch
    microBatch = setup.schedule.microBatch
    trainSamples = setup.data.train.count
    validationSamples = setup.data.validation?.count
    testSamples = setup.data.test.count
    peakLearningRate = setup.learningRates.peak
  }

  /// Takes over what the run has come to.
  mutating func take(_ results: RunResults) {
    guard let epoch = results.epochs.last else { return }
    epochsCompleted = epoch.epoch
    epochTimes = results.times
    take(epoch)
    imagesPerSecond = results.imagesPerSecond
    trainSeconds = results.trainSeconds
    evaluationSeconds = results.evaluationSeconds
  }

  /// What the weights of `epoch` come to stands in the record.
  mutating func take(_ epoch: EpochMetrics) {
    trainLoss = epoch.trainLoss
    trainAccuracy = epoch.trainAccuracy
    validationLoss = epoch.validationLoss
    validationAccuracy = epoch.validationAccuracy
    testLoss = epoch.testLoss
    testAccuracy = epoch.testAccuracy
  }

  /// The status, but that a run whose process is gone is not running.
  package var state: Status { status == .running && process?.state == .dead ? .died : status }

  /// Such as `mnist-cnn on 2 ranks`, for figures too: a run that died is told from one that is going on.
  package var title: String {
    "\(model) on \(counted(worldSize, "rank"))\(state == .died ? " (died)" : "")"
  }
}

extension RunRecord {
  /// Reads the record in a run directory.
  ///
  /// - Throws: `FileError` where there is none, or one that is none.
  package init(inDirectory directory: String) throws(FileError) {
    self = try decodeFile(RunRecord.self, "\(directory)/\(Self.name)", as: "the record of a run")
  }
}

/// Reads what `prettyJSON` wrote.
package func decodeFile<Value: Decodable>(
  _ type: Value.Type, _ path: String, as expected: String
) throws(FileError) -> Value {
  try decodeJSON(
    type, from: readFile(path, as: expected), path: path, as: expected, keys: .convertFromSnakeCase)
}
