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

/// A run under way: epochs, steps, and what happens between them. The same on every rank, but that only rank
/// 0 has an output.
final class TrainingRun {
  private let setup: TrainingSetup
  private let world: World
  private let strategy: any TrainingStrategy
  private let trace: Trace?
  private let output: RunOutput?
  private let testLoader: BatchLoader
  private let validationLoader: BatchLoader?
  private let stopping: EarlyStopping?
  private let vote: StepVote
  private var watch = Stopwatch()
  /// The strategy's times by the end of the last step.
  private var times = StepTimes()
  private var saves: SaveTimer
  private var progress = RunProgress()

  init(_ setup: TrainingSetup, from checkpoint: Checkpoint?, _ world: World, _ output: RunOutput?) throws {
    self.setup = setup
    self.world = world
    self.output = output
    let configuration = setup.configuration
    testLoader = BatchLoader(setup.data.test, setup.normalization)
    validationLoader = setup.data.validation.map { BatchLoader($0, setup.normalization) }
    let count = setup.network.layout.parameterCount
    stopping = configuration.earlyStopping.map { EarlyStopping(patience: $0, count: count) }
    vote = StepVote(world)
    saves = SaveTimer(configuration.saveEvery)
    if let checkpoint { progress = checkpoint.state.progress }
    strategy = try setup.strategy(world, samplesDone: progress.position.samples)
    trace = configuration.trace ? try strategy.startTrace() : nil
    if let checkpoint { try world.agree { try checkpoint.restore(strategy, stopping) } }
  }

  func run() throws {
    while progress.position.epoch < setup.configuration.epochs, stopping?.isDue != true {
      let loader = setup.loader(epoch: progress.position.epoch)
      let ring = try setup.ring(loader, after: progress.position.samples, world)
      (watch, times) = (Stopwatch(), strategy.times)
      while progress.position.samples < setup.schedule.samples { try step(loader, ring) }
      try endEpoch()
    }
    try finish()
  }

  private func step(_ loader: BatchLoader, _ ring: PrefetchRing?) throws {
    let position = progress.position
    let rate = setup.learningRates.rate(after: setup.schedule.epochs(at: position))
    try vote.start(StopSignal.received != nil ? Self.stop : world.isRoot && saves.isTimeUp ? Self.save : 0)
    let metrics = try strategy.step(loader, ring, at: position, learningRate: rate)
    let decision = try vote.finish()
    guard metrics.loss.isFinite else {
      throw DivergedError(loss: metrics.loss, position: position, learningRate: rate)
    }
    progress.add(
      metrics, setup.schedule.batch(after: position.samples), learningRate: rate, seconds: watch.lap(),
      times: strategy.times - times)
    times = strategy.times
    let step = progress.position.step
    if step % setup.configuration.replicaGuard == 0 { try strategy.checkReplicas(afterStep: step) }
    output?.reporter.stepEnded(progress, gradientNorm: strategy.gradientNorm)
    if decision == Self.stop { try stopHere() }
    if decision == Self.save || saves.isDue(afterStep: step) { try save() }
  }

  // What ranks vote for in a step; the largest wins.
  private static let save: Int32 = 1
  private static let stop: Int32 = 2

  private func endEpoch() throws {
    let epochTimes = progress.timesInEpoch
    _ = watch.lap()
    let validation = try validationLoader.map { try strategy.evaluate($0) }
    let test = try strategy.evaluate(testLoader)
    let parameters = try strategy.consistentParameters()
    stopping?.epochEnded(
      progress.position.epoch, accuracy: (validation ?? test).accuracy, weights: parameters.span)
    progress.endEpoch(
      test, validation, samples: setup.schedule.samples, evaluationSeconds: watch.lap())
    let rankTimes = try RankTimes(epochTimes, setup.configuration.verbosity, world)
    output?.reporter.epochEnded(progress, rankTimes, parameters, strategy.layout)
    let isLast = progress.position.epoch == setup.configuration.epochs || stopping?.isDue == true
    if saves.isDue(afterEpoch: progress.position.epoch) || (isLast && saves.isOn) { try save() }
  }

  /// Writes the model and the last words.
  private func finish() throws {
    try strategy.checkReplicas(afterStep: progress.position.step)
    world.pulse.enter(.finishing)
    let parameters = try strategy.consistentParameters()
    // A run that was complete when it was asked to stop early has no best epoch.
    let best = stopping.flatMap { $0.state.bestAccuracy >= 0 ? $0 : nil }
    if let weights = best?.weights {
      var values = parameters.mutableSpan
      values.copy(from: weights.span)
    }
    try world.agree { try output?.write(trainedModel(parameters)) }
    try writeTrace()
    output?.reporter.end(
      progress, best.map { bestEpoch($0.state) },
      weightsSHA256: strategy.layout.sha256(of: parameters),
      files: [TrainedModel.fileName] + (trace == nil ? [] : [Trace.fileName]))
  }

  private func bestEpoch(_ state: EarlyStopping.State) -> BestEpoch {
    BestEpoch(
      epoch: state.bestEpoch + 1, monitored: setup.monitored, accuracy: state.bestAccuracy,
      epochsWithoutImprovement: state.epochsWithoutImprovement,
      stoppedEarly: progress.epochs.count < setup.configuration.epochs)
  }

  /// Writes a checkpoint. Where that fails the run ends: what it went on to compute could get lost.
  ///
  /// - Returns: its path, on rank 0.
  @discardableResult
  private func save() throws -> String? {
    saves.saved()
    try strategy.checkReplicas(afterStep: progress.position.step)
    world.pulse.enter(.saving)
    let parameters = try strategy.consistentParameters()
    return try world.agree {
      try output.map { output in
        let state = CheckpointState(
          setup, progress, stopping?.state, output.reporter.recorded, worldSize: world.size)
        return try output.write(
          state, of: trainedModel(parameters), try strategy.checkpointTensors(progress.position, stopping))
      }
    }
  }

  /// A signal asked some rank to stop: all leave, behind a checkpoint.
  private func stopHere() throws {
    output?.reporter.say("stopping: a checkpoint is being written; a second Ctrl-C ends at once, without it")
    let path = try save()
    try writeTrace()
    throw InterruptedError(
      position: progress.position, checkpoint: try world.communicator.broadcast(path ?? ""))
  }

  /// Like all records, a trace that cannot be written is a warning.
  private func writeTrace() throws {
    guard let trace else { return }
    do {
      if try trace.write(to: output?.tracePath, world) {
        output?.reporter.warn(
          "the trace ends early: there is room for \(grouped(Trace.capacity)) spans a thread")
      }
    } catch let failure as AgreedFailure {
      output?.reporter.warn("no trace: \(failure)")
    }
  }

  private func trainedModel(_ parameters: SharedBuffer<Float>) -> TrainedModel {
    setup.trainedModel(parameters, batchesTracked: progress.position.step)
  }
}
