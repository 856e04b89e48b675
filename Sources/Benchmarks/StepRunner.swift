import Data
import Engine
import Models
import Networks
import Parallel
import Runs
import System

/// Runs steps of a workload on random images: the step of `Synchronous` training itself, or `Evaluator`'s inference.
final class StepRunner {
  private enum Model {
    case training(any TrainingStrategy)
    case inference(Evaluator)
  }

  /// Steps an epoch; the work does not depend on it.
  static func stepsPerEpoch(_ configuration: BenchmarkConfiguration) -> Int {
    configuration.forwardOnly ? 1 : 16
  }
  /// The work does not depend on the learning rate: so small a one leaves the model as it started.
  private static let learningRate = 1e-6

  private let model: Model
  private let batches: RandomBatches
  private var position = TrainingPosition()

  init(_ workload: Workload, _ configuration: BenchmarkConfiguration, _ world: World) throws {
    let (network, training) = (workload.network, configuration.training)
    batches = RandomBatches(
      for: network, globalBatch: workload.globalBatch, microBatch: workload.microBatch,
      steps: Self.stepsPerEpoch(configuration), seed: training.seed)
    if configuration.forwardOnly {
      model = .inference(
        try Evaluator(
          network, world, microBatch: batches.schedule.microBatch, threads: workload.threads,
          seed: training.seed, convolution: training.convolution))
    } else {
      model = .training(
        try Synchronous(
          network, world, schedule: batches.schedule, threads: workload.threads, seed: training.seed,
          optimizer: training.makeOptimizer(for: network.layout),
          reduction: training.reduction, convolution: training.convolution))
    }
  }

  /// One step, on all ranks.
  func step() throws {
    switch model {
    case .training(let strategy):
      if position.samples == batches.loader.count { position.endEpoch() }
      _ = try strategy.step(batches.loader, at: position, learningRate: Self.learningRate)
      position.advance(over: schedule.batch(after: position.samples))
    case .inference(let evaluator): _ = try evaluator.evaluate(batches.loader)
    }
  }

  /// What steps take.
  struct Times {
    let stepsPerRepetition: Int
    /// Seconds a step, from a common start to the slowest rank's end.
    let step: Samples
    /// Seconds a step: medians over the repetitions, means over the ranks.
    let parts: StepTimes
  }

  /// Measures repetitions of about half a second, or at least 3 steps, after a warm-up.
  func measure(_ world: World, repetitions: Int) throws -> Times {
    let timing = try Timing(seconds: 0.5, atLeast: 3, repetitions: repetitions) { count in
      try world.seconds(of: count, step)
    }
    var samples: [StepTimes] = []
    let seconds = try timing.run { count in
      let before = times
      defer { samples.append(times - before) }
      return try world.seconds(of: count, step)
    }
    var parts = StepTimes()
    for part in StepPart.allCases {
      parts[part] = try world.mean(Samples(samples.map { $0[part] }).median / Double(timing.calls))
    }
    parts.hidden = try world.mean(Samples(samples.map(\.hidden)).median / Double(timing.calls))
    return Times(stepsPerRepetition: timing.calls, step: seconds, parts: parts)
  }

  /// Time of this rank's leading thread so far.
  private var times: StepTimes {
    switch model {
    case .training(let strategy): strategy.times
    case .inference(let evaluator): evaluator.times
    }
  }

  /// Floating-point operations an image, of the direct algorithms.
  var flopPerImage: Int {
    switch model {
    case .training(let strategy): strategy.engine.costs.reduce(0) { $0 + $1.forwardFLOP + $1.backwardFLOP }
    case .inference(let evaluator): evaluator.costs.reduce(0) { $0 + $1.forwardFLOP }
    }
  }

  /// How a step is cut into micro-batches.
  var schedule: BatchSchedule { batches.schedule }
}
