import Engine
import Foundation
import Models
import Parallel
import Reporting

/// Where the training time of an epoch went, in seconds.
struct EpochTimes: Codable {
  /// From 1.
  let epoch: Int
  /// Forward, backward, sums over micro-batches and threads, update.
  let computeSeconds: Double
  /// What the backward pass did not hide of the reductions over ranks.
  let communicationSeconds: Double
  /// How long reductions were under way behind the computation.
  let hiddenCommunicationSeconds: Double
  let dataSeconds: Double

  init(epoch: Int, _ times: StepTimes) {
    self.epoch = epoch
    computeSeconds = times.compute
    communicationSeconds = times.communication
    hiddenCommunicationSeconds = times.hidden
    dataSeconds = times[.data]
  }
}

/// `run.json`: what was run, where, and what came out. The keys are these names in snake case.
struct RunRecord: Encodable {
  enum Status: String, Encodable { case running, completed, checkpointed, failed }

  var status = Status.running
  /// Why it failed, or was stopped.
  var error: String?
  var started = Date()
  var finished: Date?
  var configuration: TrainingConfiguration
  var environment: RunEnvironment
  var model: String
  var modelParameters: Int
  var worldSize: Int
  /// Of rank 0.
  var threads: Int
  var globalBatch: Int
  var microBatch: Int
  var trainSamples: Int
  var validationSamples: Int?
  var testSamples: Int
  /// After scaling and warm-up.
  var peakLearningRate: Double
  var epochsCompleted = 0
  var trainLoss: Double?
  var trainAccuracy: Double?
  var validationLoss: Double?
  var validationAccuracy: Double?
  var testLoss: Double?
  var testAccuracy: Double?
  /// With early stopping: the epoch, from 1, whose weights are the result and whose losses and accuracies
  /// stand here in the end, and whether there would have been further epochs.
  var bestEpoch: Int?
  var stoppedEarly: Bool?
  /// Of the whole world, over the training time.
  var imagesPerSecond: Double?
  var trainSeconds: Double?
  var evaluationSeconds: Double?
  var weightsSHA256: String?
  /// The checkpoint that the run went on from, and the steps that had been done there.
  var resumedFrom: String?
  var resumedAfterStep: Int?
  /// Where the training time of each epoch went, on rank 0.
  var epochTimes: [EpochTimes] = []

  init(_ setup: TrainingSetup, _ world: World, version: String) {
    configuration = setup.configuration
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

  mutating func resume(from checkpoint: Checkpoint) {
    let progress = checkpoint.state.progress
    resumedFrom = checkpoint.path
    resumedAfterStep = progress.position.step
    add(progress)
  }

  /// Takes over what the run has come to by the end of its last epoch.
  mutating func add(_ run: RunProgress) {
    guard let epoch = run.epochs.last else { return }
    epochsCompleted = epoch.epoch
    epochTimes = run.epochTimes
    take(epoch)
    imagesPerSecond = Double(run.images) / run.trainSeconds
    trainSeconds = run.trainSeconds
    evaluationSeconds = run.evaluationSeconds
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

  func json() throws -> [UInt8] { try prettyJSON(self) }
}
