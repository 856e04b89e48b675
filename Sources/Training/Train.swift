import Data
import Networks
import Optimizers
import Parallel
import Reporting
import Tensors

/// Trains as `configuration` says, on all ranks of `world`, from data to results.
///
/// - Throws: the same error on all ranks, or an `MPIError` after which the ranks must be aborted.
package func train(_ configuration: TrainingConfiguration, in world: World, version: String) throws {
  let network = try world.agree { try Network(ModelDescription(named: configuration.model)) }
  let threads = configuration.threads ?? world.threadsPerRank
  let data = try TrainingData(configuration, for: network, threads: threads, world)
  let schedule = BatchSchedule(
    samples: data.train.count, globalBatch: configuration.globalBatch(worldSize: world.size),
    microBatch: configuration.microBatch(worldSize: world.size))
  try world.requireMemory(for: network, microBatch: schedule.microBatch, threads: threads)
  let setup = TrainingSetup(
    configuration: configuration, network: network, data: data, schedule: schedule, threads: threads,
    learningRates: configuration.learningRateSchedule(
      worldSize: world.size, stepsPerEpoch: schedule.stepsPerEpoch))
  let warnings = try setup.warnings(world)
  let journal = try world.agree { world.isRoot ? try RunJournal(setup, world, version: version) : nil }
  journal?.begin(setup.table(world), warnings)
  do {
    let trainer = try Trainer(
      network, world, schedule: schedule, threads: threads, seed: configuration.seed,
      optimizer: configuration.makeOptimizer(count: network.layout.trainable.count),
      bucketBytes: configuration.bucketKilobytes * 1024, convolution: configuration.convolution)
    try trainer.run(setup, journal)
  } catch {
    journal?.fail(error)
    throw error
  }
}

extension Trainer {
  /// All epochs, each followed by an evaluation.
  fileprivate func run(_ setup: TrainingSetup, _ journal: RunJournal?) throws {
    let normalization = Normalization(of: setup.data.train)
    let testLoader = BatchLoader(setup.data.test, normalization)
    for epoch in 0..<setup.configuration.epochs {
      let order = epochOrder(count: setup.data.train.count, seed: setup.configuration.seed, epoch: epoch)
      let loader = BatchLoader(setup.data.train, normalization, order: order)
      let (start, times) = (ContinuousClock.now, times)
      let sums = try self.epoch(epoch, loader, setup, journal)
      let (trained, epochTimes) = (ContinuousClock.now, self.times - times)
      let test = try evaluate(testLoader)
      journal?.epochEnded(
        epoch, sums, epochTimes, test,
        learningRate: setup.learningRates.rate(at: (epoch + 1) * schedule.stepsPerEpoch - 1),
        trainSeconds: (trained - start).seconds, evaluationSeconds: (ContinuousClock.now - trained).seconds)
    }
    journal?.end(communicationWait: reducer.secondsWaited, weightsSHA256: weightsSHA256)
  }

  /// One pass over the training data.
  private func epoch(
    _ epoch: Int, _ loader: BatchLoader, _ setup: TrainingSetup, _ journal: RunJournal?
  ) throws -> EpochSums {
    var sums = EpochSums()
    for stepInEpoch in 0..<schedule.stepsPerEpoch {
      let share = stepShare(loader, stepInEpoch: stepInEpoch, epoch: epoch)
      let rate = setup.learningRates.rate(at: share.step)
      let result = try step(share, learningRate: rate)
      guard result.loss.isFinite else {
        throw DivergedError(loss: result.loss, epoch: epoch, step: share.step, learningRate: rate)
      }
      sums.add(result, samples: schedule.positions(ofStep: stepInEpoch).count)
      journal?.stepEnded(epoch, stepInEpoch, sums)
    }
    return sums
  }
}

/// Sums over the samples of an epoch so far, each with the parameters that its step found.
struct EpochSums {
  private(set) var samples = 0
  private var loss = 0.0
  private var correct = 0.0

  mutating func add(_ result: StepResult, samples count: Int) {
    samples += count
    loss += result.loss * Double(count)
    correct += result.correct
  }

  var meanLoss: Double { loss / Double(max(samples, 1)) }
  var accuracy: Double { correct / Double(max(samples, 1)) }
}

/// The loss is no number any more. All ranks see it in the same step, as it is reduced.
struct DivergedError: AgreedError, CustomStringConvertible {
  let loss: Double
  /// From 0.
  let epoch: Int
  let step: Int
  let learningRate: Double

  var description: String {
    "training diverged: the loss is \(loss) at step \(step + 1) (epoch \(epoch + 1)) with learning rate "
      + "\(shortest(learningRate)); try a lower --lr, a longer --warmup-epochs or --lr-scaling none"
  }
}
