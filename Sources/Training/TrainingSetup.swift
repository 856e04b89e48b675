import Kernels
import Networks
import Optimizers
import Parallel
import Reporting

/// A configuration with all that was made of it before the first step.
struct TrainingSetup {
  let configuration: TrainingConfiguration
  let network: Network
  let data: TrainingData
  let schedule: BatchSchedule
  /// Of this rank.
  let threads: Int
  let learningRates: LearningRateSchedule
}

extension TrainingSetup {
  /// What is printed before the first step.
  func table(_ world: World) -> [(name: String, value: String)] {
    [
      ("world", "\(counted(world.size, "rank")) on \(counted(Set(world.hosts).count, "host"))"),
      ("cores", world.placement.summary),
      ("threads", "\(threads) a rank"),
      ("BLAS", "OpenBLAS \(BLAS.version), \(BLAS.kernelName) kernel, on \(CPU.name)"),
      ("data", data.summary(configuration)),
      ("model", "\(network.description.name), \(grouped(network.layout.trainableNumbers)) parameters"),
      ("global batch", globalBatch(world.size)),
      ("learning rate", learningRate(world.size)),
      ("optimizer", optimizer),
      ("epochs", "\(configuration.epochs) of \(counted(schedule.stepsPerEpoch, "step"))"),
      ("seed", "\(configuration.seed)"),
    ]
  }

  private func globalBatch(_ worldSize: Int) -> String {
    let origin =
      configuration.globalBatch == nil
      ? " = \(counted(worldSize, "rank")) x \(configuration.batchSize)"
      : " over \(counted(worldSize, "rank"))"
    return "\(schedule.globalBatch)\(origin), in micro-batches of \(schedule.microBatch)"
  }

  /// Such as `0.01 x 4 ranks -> 0.04, warm-up 1 epoch, then cosine`.
  private func learningRate(_ worldSize: Int) -> String {
    var text = shortest(learningRates.initial)
    if configuration.learningRateFactor(worldSize: worldSize) > 1 {
      text += " x \(worldSize) ranks -> \(shortest(learningRates.peak))"
    }
    if learningRates.warmupSteps > 0 {
      let epochs = configuration.warmupEpochs
      text += ", warm-up \(shortest(epochs)) epoch\(epochs == 1 ? "" : "s"), then"
    } else {
      text += ","
    }
    return text + " "
      + (configuration.schedule == .step
        ? "x \(shortest(configuration.stepFactor)) every \(shortest(configuration.stepEpochs)) epochs"
        : configuration.schedule.rawValue)
  }

  private var optimizer: String {
    let decay = configuration.weightDecay > 0 ? ", weight decay \(shortest(configuration.weightDecay))" : ""
    return switch configuration.optimizer {
    case .sgd:
      "SGD, \(configuration.nesterov == .on ? "Nesterov " : "")momentum \(shortest(configuration.momentum))\(decay)"
    case .adam: "Adam\(decay)"
    }
  }

  /// What costs speed and can be mended. Called by all ranks.
  func warnings(_ world: World) throws -> [String] {
    try world.placementWarnings() + world.idleThreadWarnings(schedule, threads: threads)
  }
}

/// `1 rank`, `2 ranks`.
func counted(_ count: Int, _ one: String, _ many: String? = nil) -> String {
  "\(grouped(count)) \(count == 1 ? one : many ?? one + "s")"
}
