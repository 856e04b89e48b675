import Data
import Engine
import Kernels
import Models
import Optimizers
import Parallel
import Reporting
import Tensors

/// Everything that decides a training run. Two runs with equal configurations on equally many ranks and
/// threads give equal weights.
package struct TrainingConfiguration: Codable, Equatable, Sendable {
  package enum OptimizerKind: String, Codable, CaseIterable, Sendable { case sgd, adam }
  package enum Scaling: String, Codable, CaseIterable, Sendable { case linear, none }
  package enum ScheduleKind: String, Codable, CaseIterable, Sendable { case constant, cosine, step }
  package enum Switch: String, Codable, CaseIterable, Sendable { case on, off }
  /// What gradients are on the wire.
  package enum Compression: String, Codable, CaseIterable, Sendable {
    case none, bf16, fp16

    var format: HalfPrecision? { HalfPrecision(rawValue: rawValue) }
  }
  /// What a run writes down besides `run.json`: `csv` is `metrics.csv` alone.
  package enum Records: String, Codable, CaseIterable, Sendable { case all, csv }

  /// `synthetic`, or a directory.
  package var data = "synthetic"
  /// Where the test images come from; nil for `data`.
  package var testData: String?
  /// Use only the first images; nil for all.
  package var trainSamples: Int?
  package var testSamples: Int?
  /// Share of the training images that is held out for validation; nil for none.
  package var validationSplit: Double?
  /// A name of the zoo, or the path of a JSON file.
  package var model = "mnist-cnn"
  /// Run directory or safetensors file with the weights to start from; nil for random ones.
  package var weights: String?
  /// Which algorithms convolutions may use.
  package var convolution = ConvolutionMethod.auto

  package var epochs = 5
  /// Samples a step and rank.
  package var batchSize = 64
  /// Samples a step of all ranks together; nil for `batchSize` times ranks.
  package var globalBatch: Int?
  /// Nil for `BatchSchedule.defaultMicroBatch`.
  package var microBatch: Int?
  /// Batches whose gradients are summed before an update: a global batch so many times as large.
  package var accumulate = 1
  /// Threads a rank; nil for the cores that the rank has to itself.
  package var threads: Int?
  package var seed: UInt64 = 1
  /// Epochs without a better accuracy after which training ends; nil for all epochs.
  package var earlyStopping: Int?

  package var optimizer = OptimizerKind.sgd
  /// Of one rank.
  package var learningRate = 0.01
  /// Nil for linear, or none where the global batch is given and so does not grow with the ranks.
  package var learningRateScaling: Scaling?
  package var warmupEpochs = 1.0
  package var schedule = ScheduleKind.cosine
  /// Of the step schedule: after so many epochs times that factor.
  package var stepEpochs = 10.0
  package var stepFactor = 0.1
  package var momentum = 0.95
  package var nesterov = Switch.on
  package var weightDecay = 0.0

  package var augmentation = AugmentationKind.none
  package var labelSmoothing = 0.0
  /// Largest norm of a step's gradients; nil for any.
  package var clipNorm: Double?
  /// Of the weights' moving average; nil for none.
  package var averageDecay: Double?

  /// Directory for the results; nil for `runs/<time>`.
  package var out: String?
  /// `auto`, or the path of a run or checkpoint; nil for a new run.
  package var resume: String?
  /// How often checkpoints are written, and how many are kept.
  package var saveEvery = SaveInterval.epochs(1)
  package var keep = 3
  /// The same bits on any number of ranks.
  package var reproducible = false
  /// Ranks compare their parameters after so many steps.
  package var replicaGuard = 100
  package var records = Records.all
  /// Steps from one line of `metrics.jsonl` to the next.
  package var logEvery = 50
  package var verbosity = Verbosity.normal
  /// Write a trace of all ranks.
  package var trace = false
  /// Form of the gradients between ranks.
  package var compression = Compression.none
  /// Sum within each host before between hosts.
  package var hierarchical = false
  package var stallLimits = StallLimits()
  /// KiB (1,024 bytes) of gradients that are reduced in one piece.
  package var bucketKilobytes = 256

  package init() {}
}

extension TrainingConfiguration {
  /// Samples an update of all ranks.
  package func globalBatch(worldSize: Int) -> Int { batch(worldSize: worldSize) * accumulate }

  /// Accumulating is only going on with further micro-batches: they keep their size, and memory does not grow
  /// with their number (but for the logarithm of it in partial sums of gradients).
  private func batch(worldSize: Int) -> Int { globalBatch ?? batchSize * worldSize }

  package func microBatch(worldSize: Int) -> Int {
    // For the same bits on any number of ranks it must not depend on that.
    let parts = reproducible ? 1 : worldSize
    let share = (batch(worldSize: worldSize) + parts - 1) / parts
    return microBatch ?? BatchSchedule.defaultMicroBatch(forBatch: share)
  }

  /// The factor on the learning rate: the linear rule goes by how the global batch grows.
  func learningRateFactor(worldSize: Int) -> Int {
    let scaling = learningRateScaling ?? (globalBatch == nil ? .linear : .none)
    return scaling == .linear ? worldSize * accumulate : 1
  }

  package var reduction: Reduction {
    var reduction = Reduction()
    reduction.bucketBytes = bucketKilobytes * 1024
    reduction.reproducible = reproducible
    reduction.compression = compression.format
    reduction.hierarchical = hierarchical
    return reduction
  }

  func learningRateSchedule(worldSize: Int) -> LearningRateSchedule {
    let peak = learningRate * Double(learningRateFactor(worldSize: worldSize))
    let decay: LearningRateSchedule.Decay =
      switch schedule {
      case .constant: .constant
      case .cosine: .cosine
      case .step: .step(factor: stepFactor, epochs: stepEpochs)
      }
    return LearningRateSchedule(
      initial: learningRate, peak: peak, warmupEpochs: peak == learningRate ? 0 : warmupEpochs,
      totalEpochs: Double(epochs), decay: decay)
  }

  /// Arenas of a checkpoint besides the parameters: the optimizer's, averaged and best weights.
  package var savedArenas: Int {
    (optimizer == .adam ? 2 : 1) + (averageDecay == nil ? 0 : 1) + (earlyStopping == nil ? 0 : 1)
  }

  package func makeOptimizer(count: Int) -> any Optimizer {
    switch optimizer {
    case .sgd:
      SGD(count: count, momentum: Float(momentum), nesterov: nesterov == .on, weightDecay: Float(weightDecay))
    case .adam: Adam(count: count, weightDecay: Float(weightDecay))
    }
  }
}

extension TrainingConfiguration {
  var regularization: Regularization {
    Regularization(
      labelSmoothing: Float(labelSmoothing), clipNorm: clipNorm, averageDecay: averageDecay)
  }
}
