import Data
import Engine
import Optimizers
import Parallel
import Tensors

// What a configuration comes to for a number of ranks.

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
    let initial = warmupLearningRate ?? learningRate
    let decay: LearningRateSchedule.Decay =
      switch schedule {
      case .constant: .constant
      case .cosine: .cosine
      case .step: .step(factor: stepFactor, epochs: stepEpochs)
      }
    return LearningRateSchedule(
      initial: initial, peak: peak, warmupEpochs: peak == initial ? 0 : warmupEpochs,
      totalEpochs: Double(epochs), decay: decay)
  }

  /// Arenas of a checkpoint besides the parameters: the optimizer's, averaged and best weights.
  package var savedArenas: Int {
    (optimizer == .adam ? 2 : 1) + (averageDecay == nil ? 0 : 1) + (earlyStopping == nil ? 0 : 1)
  }

  /// - Parameter shape: of the training images.
  func makeAugmentation(_ shape: Shape) throws(DataError) -> Augmentation? {
    try Augmentation(
      augmentation, shape: shape, seed: seed, leastArea: cropArea, jitter: colorJitter, cutout: cutout,
      mixing: Mixing(seed: seed, mixup: mixup, cutMix: cutMix))
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
