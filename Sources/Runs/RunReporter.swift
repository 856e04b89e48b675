import Engine
import Parallel
import Reporting
import Tensors

/// Tells the observers of a run what happens, on rank 0.
final class RunReporter {
  private let observers: RunObservers
  private let console: Console
  private let configuration: TrainingConfiguration
  private let stepsPerEpoch: Int
  private let samplesPerEpoch: Int
  /// What the last recorded step saw: the next one is about what came since.
  private(set) var recorded: SumsAtLastRecord

  /// - Parameter recorded: what the last recorded step of a run saw that goes on.
  init(
    _ observers: RunObservers, _ console: Console, _ setup: TrainingSetup, recorded: SumsAtLastRecord?
  ) {
    self.observers = observers
    self.console = console
    configuration = setup.configuration
    stepsPerEpoch = setup.schedule.stepsPerEpoch
    samplesPerEpoch = setup.schedule.samples
    self.recorded = recorded ?? SumsAtLastRecord()
  }

  func say(_ text: String) { console.print(text) }

  func warn(_ text: String) { console.warn(text) }

  /// - Throws: where an essential observer cannot begin.
  func begin(_ start: RunStart) throws { try observers.begin(start) }

  /// - Parameter gradientNorm: called at steps that are recorded.
  func stepEnded(_ run: RunProgress, gradientNorm: () -> Double) {
    let position = run.position
    if position.step % configuration.logEvery == 0 || position.samples == samplesPerEpoch {
      let since = run.sums - recorded.sums
      observers.stepRecorded(
        StepRecord(
          step: position.step, epoch: position.epoch + 1, samples: run.images, loss: since.meanLoss,
          accuracy: since.accuracy, learningRate: run.learningRate,
          imagesPerSecond: Double(since.samples) / (run.secondsInEpoch - recorded.seconds),
          gradientNorm: gradientNorm(), seconds: run.trainSeconds))
      recorded = SumsAtLastRecord(sums: run.sums, seconds: run.secondsInEpoch)
    }
    observers.stepEnded(progress(run))
  }

  private func progress(_ run: RunProgress) -> StepProgress {
    let position = run.position
    let left = (configuration.epochs - position.epoch) * samplesPerEpoch - position.samples
    return StepProgress(
      epoch: position.epoch + 1, epochs: configuration.epochs,
      step: (position.samples * stepsPerEpoch + samplesPerEpoch - 1) / samplesPerEpoch, steps: stepsPerEpoch,
      loss: run.sums.meanLoss, accuracy: run.sums.accuracy,
      imagesPerSecond: Double(run.sums.samples) / run.secondsInEpoch,
      secondsLeft: Double(left) * run.trainSeconds / Double(run.images),
      shares: run.timesInEpoch.shares(of: run.timesInEpoch.total))
  }

  /// - Parameter parameters: those that were evaluated.
  func epochEnded(
    _ run: RunProgress, _ times: RankTimes, _ parameters: SharedBuffer<Float>, _ layout: ParameterLayout
  ) {
    recorded = SumsAtLastRecord()
    observers.epochEnded(
      EpochEnd(
        results: run.results, epochs: configuration.epochs, step: run.position.step,
        rankLines: times.lines(seconds: run.epochs.last?.seconds ?? 0), parameters: parameters,
        layout: layout))
  }

  /// - Parameter files: what the run itself has left in its directory.
  func end(_ run: RunProgress, _ best: BestEpoch?, weightsSHA256: String, files: [String]) {
    observers.end(
      RunEnd(
        results: run.results, best: best,
        shares: run.times.shares(of: max(run.times.total, .leastNonzeroMagnitude)),
        weightsSHA256: weightsSHA256, files: files))
  }

  func stop(_ error: any Error) {
    observers.stop(error is InterruptedError ? .checkpointed : .failed(error: "\(error)"))
  }
}
