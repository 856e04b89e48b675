import Foundation
import Kernels
import MPI
import Parallel
import Reporting

/// `run.json`: what was run, where, and what came out. The keys are these names in snake case.
struct RunRecord: Encodable {
  enum Status: String, Encodable { case running, completed, failed }

  struct Environment: Encodable {
    var version: String
    /// By rank.
    var hosts: [String]
    var cpu: String
    var mpi: String
    var blas: String
    var blasKernel: String
  }

  var status = Status.running
  /// Why it failed.
  var error: String?
  var started = Date()
  var finished: Date?
  var configuration: TrainingConfiguration
  var environment: Environment
  var model: String
  var modelParameters: Int
  var worldSize: Int
  /// Of rank 0.
  var threads: Int
  var globalBatch: Int
  var microBatch: Int
  var trainSamples: Int
  var testSamples: Int
  /// After scaling and warm-up.
  var peakLearningRate: Double
  var epochsCompleted = 0
  var trainLoss: Double?
  var trainAccuracy: Double?
  var testLoss: Double?
  var testAccuracy: Double?
  /// Of the whole world, over the training time.
  var imagesPerSecond: Double?
  var trainSeconds: Double?
  var evaluationSeconds: Double?
  /// Part of `trainSeconds` in which rank 0 waited for reductions that the backward pass did not hide.
  var communicationWaitSeconds: Double?
  var weightsSHA256: String?

  init(_ setup: TrainingSetup, _ world: World, version: String) {
    configuration = setup.configuration
    environment = Environment(
      version: version, hosts: world.hosts, cpu: CPU.name, mpi: MPIRuntime.libraryVersion,
      blas: "OpenBLAS \(BLAS.version)", blasKernel: BLAS.kernelName)
    model = setup.network.description.name
    modelParameters = setup.network.layout.trainableNumbers
    worldSize = world.size
    threads = setup.threads
    globalBatch = setup.schedule.globalBatch
    microBatch = setup.schedule.microBatch
    trainSamples = setup.data.train.count
    testSamples = setup.data.test.count
    peakLearningRate = setup.learningRates.peak
  }

  /// Takes over what the epoch that just ended came to, and the time so far.
  mutating func add(_ epoch: EpochMetrics, trainSeconds: Double, evaluationSeconds: Double) {
    epochsCompleted = epoch.epoch
    trainLoss = epoch.trainLoss
    trainAccuracy = epoch.trainAccuracy
    testLoss = epoch.testLoss
    testAccuracy = epoch.testAccuracy
    imagesPerSecond = Double(trainSamples * epoch.epoch) / trainSeconds
    self.trainSeconds = trainSeconds
    self.evaluationSeconds = evaluationSeconds
  }

  func json() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.dateEncodingStrategy = .iso8601
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return try Array(encoder.encode(self)) + [UInt8(ascii: "\n")]
  }
}
