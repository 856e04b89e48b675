import Data
import Engine
import Files
import Models
import Networks
import Optimizers
import Parallel
import Reporting
import System
import Tensors

/// Trains as `configuration` says, on all ranks of `world`, from data to results.
///
/// - Parameters:
///   - configuration: with a checkpoint, the one to go on with: `Checkpoint.state.configuration` but for what
///     may change.
///   - checkpoint: where to go on; nil for a new run.
///   - warnings: to be said at the start.
/// - Throws: the same error on all ranks, or an `MPIError` after which the ranks must be aborted.
package func train(
  _ configuration: TrainingConfiguration, from checkpoint: Checkpoint? = nil, warnings: [String] = [],
  in world: World, version: String
) throws {
  _ = try Watchdog(world, configuration.stallLimits)
  let setup = try TrainingSetup(configuration, from: checkpoint, world)
  let warnings = try warnings + setup.warnings(world)
  let journal = try world.agree {
    world.isRoot ? try RunJournal(setup, from: checkpoint, world, version: version) : nil
  }
  journal?.begin(setup.table(world), warnings)
  do {
    let run = try TrainingRun(setup, from: checkpoint, world, journal)
    try run.run()
  } catch {
    journal?.fail(error)
    throw error
  }
}

/// A run under way: epochs, steps, and what happens between them. The same on every rank, but that only rank
/// 0 has a journal.
private final class TrainingRun {
  private let setup: TrainingSetup
  private let world: World
  private let trainer: Trainer
  private let trace: Trace?
  private let journal: RunJournal?
  private let testLoader: BatchLoader
  private let validationLoader: BatchLoader?
  private let stopping: EarlyStopping?
  private let vote: StepVote
  private var watch = Stopwatch()
  /// Of the trainer, by the end of the last step.
  private var times = StepTimes()
  private var saves: SaveTimer
  private var progress = RunProgress()

  init(_ setup: TrainingSetup, from checkpoint: Checkpoint?, _ world: World, _ journal: RunJournal?) throws {
    self.setup = setup
    self.world = world
    self.journal = journal
    let configuration = setup.configuration
    testLoader = BatchLoader(setup.data.test, setup.normalization)
    validationLoader = setup.data.validation.map { BatchLoader($0, setup.normalization) }
    let count = setup.network.layout.parameterCount
    stopping = configuration.earlyStopping.map { EarlyStopping(patience: $0, count: count) }
    vote = StepVote(world)
    saves = SaveTimer(configuration.saveEvery)
    if let checkpoint { progress = checkpoint.state.progress }
    trainer = try Trainer(
      setup.network, world, schedule: setup.schedule, threads: setup.threads, seed: configuration.seed,
      optimizer: configuration.makeOptimizer(count: setup.network.layout.trainable.count),
      reduction: configuration.reduction, convolution: configuration.convolution,
      regularization: configuration.regularization,
      samplesDone: progress.position.samples)
    trace = configuration.trace ? try trainer.startTrace() : nil
    if let model = setup.startingModel { trainer.start(from: model) }
    if let checkpoint { try world.agree { try checkpoint.restore(trainer, stopping) } }
  }

  func run() throws {
    while progress.position.epoch < setup.configuration.epochs, stopping?.isDue != true {
      let loader = epochLoader()
      (watch, times) = (Stopwatch(), trainer.times)
      while progress.position.samples < setup.schedule.samples { try step(loader) }
      try endEpoch()
    }
    try trainer.checkReplicas(afterStep: progress.position.step)
    // A run that was complete when it was asked to stop early has no best epoch.
    world.pulse.enter(.finishing)
    let best = stopping.flatMap { $0.state.bestAccuracy >= 0 ? $0 : nil }
    if let best { trainer.take(best.weights) }
    try world.agree { try journal?.save(trainedModel) }
    try writeTrace()
    journal?.end(progress, best?.state, weightsSHA256: trainer.weightsSHA256)
  }

  /// The training data in the order of the epoch under way.
  private func epochLoader() -> BatchLoader {
    let order = epochOrder(
      count: setup.data.train.count, seed: setup.configuration.seed, epoch: progress.position.epoch)
    return BatchLoader(
      setup.data.train, setup.normalization, order: order, augmentation: setup.augmentation,
      epoch: progress.position.epoch)
  }

  private func step(_ loader: BatchLoader) throws {
    let share = trainer.stepShare(loader, at: progress.position)
    let rate = setup.learningRates.rate(after: setup.schedule.epochs(at: progress.position))
    try vote.start(StopSignal.received != nil ? Self.stop : world.isRoot && saves.isTimeUp ? Self.save : 0)
    let result = try trainer.step(share, learningRate: rate)
    let decision = try vote.finish()
    guard result.loss.isFinite else {
      throw DivergedError(loss: result.loss, position: progress.position, learningRate: rate)
    }
    progress.add(
      result, share.batch, learningRate: rate, seconds: watch.lap(), times: trainer.times - times)
    times = trainer.times
    if progress.position.step % setup.configuration.replicaGuard == 0 {
      try trainer.checkReplicas(afterStep: progress.position.step)
    }
    journal?.stepEnded(progress, gradientNorm: trainer.gradientNorm)
    if decision == Self.stop { try stopHere() }
    if decision == Self.save || saves.isDue(afterStep: progress.position.step) { try save() }
  }

  // What ranks vote for in a step; the largest wins.
  private static let save: Int32 = 1
  private static let stop: Int32 = 2

  private func endEpoch() throws {
    let epochTimes = progress.timesInEpoch
    _ = watch.lap()
    let validation = try validationLoader.map { try trainer.evaluate($0) }
    let test = try trainer.evaluate(testLoader)
    stopping?.epochEnded(
      progress.position.epoch, accuracy: (validation ?? test).accuracy,
      weights: trainer.evaluatedParameters.span)
    progress.endEpoch(
      test, validation, samples: setup.schedule.samples, evaluationSeconds: watch.lap())
    let rankTimes = try RankTimes(epochTimes, setup.configuration.verbosity, world)
    journal?.epochEnded(progress, rankTimes, trainer.evaluatedParameters, trainer.layout)
    let isLast = progress.position.epoch == setup.configuration.epochs || stopping?.isDue == true
    if saves.isDue(afterEpoch: progress.position.epoch) || (isLast && saves.isOn) { try save() }
  }

  /// Writes a checkpoint. Where that fails the run ends: what it went on to compute could get lost.
  ///
  /// - Returns: its path, on rank 0.
  @discardableResult
  private func save() throws -> String? {
    saves.saved()
    try trainer.checkReplicas(afterStep: progress.position.step)
    world.pulse.enter(.saving)
    return try world.agree { try journal.map(writeCheckpoint) }
  }

  /// A signal asked some rank to stop: all leave, behind a checkpoint.
  private func stopHere() throws {
    let path = try save()
    try writeTrace()
    throw InterruptedError(
      position: progress.position, checkpoint: try world.communicator.broadcast(path ?? ""))
  }

  /// Like all records, a trace that cannot be written is a warning.
  private func writeTrace() throws {
    guard let trace else { return }
    do {
      let isCut = try trace.write(to: journal?.tracePath, world)
      if isCut {
        journal?.warn("the trace ends early: there is room for \(grouped(Trace.capacity)) spans a thread")
      }
    } catch let failure as AgreedFailure {
      journal?.warn("no trace: \(failure)")
    }
  }

  private var trainedModel: TrainedModel {
    TrainedModel(
      setup.network, trainer.evaluatedParameters, setup.normalization,
      batchesTracked: Int64(progress.position.step))
  }

  private func writeCheckpoint(_ journal: RunJournal) throws -> String {
    guard trainer.isFinite else {
      throw NotFiniteError(step: progress.position.step)
    }
    let state = CheckpointState(
      setup, progress, stopping?.state, journal.recorded, worldSize: world.size)
    let contents = SafetensorsContents(
      metadata: try trainedModel.metadata(version: journal.version).merging(
        [CheckpointState.key: state.encoded()]) { _, new in new },
      tensors: trainer.checkpointTensors(progress.position, stopping))
    do {
      return try journal.checkpoints.write(contents, state, keep: setup.configuration.keep)
    } catch {
      throw CheckpointError(step: progress.position.step, reason: "\(error)")
    }
  }
}

/// The loss is no number any more. All ranks see it in the same step, as it is reduced.
struct DivergedError: AgreedError, CustomStringConvertible {
  let loss: Double
  /// Before the step.
  let position: TrainingPosition
  let learningRate: Double

  var description: String {
    "training diverged: the loss is \(loss) at step \(position.step + 1) (epoch \(position.epoch + 1)) with "
      + "learning rate \(shortest(learningRate)); try a lower --lr, a longer --warmup-epochs or --lr-scaling "
      + "none"
  }
}

/// The last update made weights that are no numbers, which the next step's loss will show.
private struct NotFiniteError: Error, CustomStringConvertible {
  let step: Int

  var description: String { "the weights are not finite after step \(step)" }
}

/// A checkpoint cannot be written.
private struct CheckpointError: Error, CustomStringConvertible {
  /// Number of steps done.
  let step: Int
  let reason: String

  var description: String {
    "no checkpoint after step \(step): \(reason). Earlier ones are as they were; when there is room, --resume "
      + "goes on from the newest"
  }
}

/// A signal stopped the run, which can go on from a checkpoint.
struct InterruptedError: AgreedError, CustomStringConvertible {
  let position: TrainingPosition
  let checkpoint: String

  var exitCode: Int32 { 75 }

  var description: String {
    "stopped by a signal after step \(position.step) (epoch \(position.epoch + 1)); to go on: --resume "
      + checkpoint
  }
}
