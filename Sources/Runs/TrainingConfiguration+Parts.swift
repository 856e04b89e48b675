import Data
import Engine
import Networks
import Optimizers
import Parallel
import Reporting
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

  /// Bytes of a checkpoint's arenas besides the parameters: the optimizer's, averaged and best weights.
  package func savedBytes(of network: Network) -> Double {
    Double(optimizer.hasMomentum ? 1 : 2) * network.gradientBytes
      + Double((averageDecay == nil ? 0 : 1) + (earlyStopping == nil ? 0 : 1)) * network.arenaBytes
  }

  /// - Parameter shape: of the training images.
  package func makeAugmentation(_ shape: Shape) throws(DataError) -> Augmentation? {
    try Augmentation(
      augmentation, shape: shape, seed: seed, leastArea: cropArea, jitter: colorJitter, cutout: cutout,
      mixing: Mixing(seed: seed, mixup: mixup, cutMix: cutMix))
  }

  /// The optimizer for the trainable tensors of a network's arenas.
  package func makeOptimizer(for layout: ParameterLayout) -> any Optimizer {
    let (count, momentum, decay) = (layout.trainable.count, Float(momentum), Float(weightDecay))
    let nesterov = nesterov == .on
    return switch optimizer {
    case .sgd: SGD(count: count, momentum: momentum, nesterov: nesterov, weightDecay: decay)
    case .adam: Adam(count: count, weightDecay: decay)
    case .adamw: Adam(count: count, weightDecay: decay, decouplesDecay: true)
    case .lars: LARS(layout, momentum: momentum, nesterov: nesterov, weightDecay: decay)
    case .lamb: LAMB(layout, weightDecay: decay)
    }
  }
}

extension TrainingConfiguration {
  var regularization: Regularization {
    Regularization(
      labelSmoothing: Float(labelSmoothing), clipNorm: clipNorm, averageDecay: averageDecay)
  }
}

extension TrainingConfiguration {
  /// The update rule as it is shown, such as `SGD, Nesterov momentum 0.95, weight decay 0.0001`.
  var optimizerWords: String {
    let momentum = "\(nesterov == .on ? "Nesterov " : "")momentum \(shortest(momentum))"
    let rule =
      switch optimizer {
      case .sgd: "SGD, \(momentum)"
      case .adam: "Adam"
      case .adamw: "AdamW"
      case .lars: "LARS, \(momentum), trust coefficient \(shortest(LARS.usualTrustCoefficient))"
      case .lamb: "LAMB"
      }
    return weightDecay > 0 ? "\(rule), weight decay \(shortest(weightDecay))" : rule
  }

  /// Settings that an update rule can hardly do its work with.
  ///
  /// - Parameter peak: the learning rate after warm-up.
  func optimizerWarnings(peakLearningRate peak: Double) -> [String] {
    switch optimizer {
    case .adamw where weightDecay == 0: ["AdamW without weight decay is Adam: a decay of 0.01 is usual"]
    case .lars where peak < Self.smallRateOfLARS:
      [
        "LARS multiplies a learning rate of \(shortest(peak)) by "
          + "\(shortest(LARS.usualTrustCoefficient)) ||weight|| / ||gradient||: steps are very small; rates from 1 "
          + "to 10 are usual"
      ]
    default: []
    }
  }

  private static let smallRateOfLARS = 0.5
}
