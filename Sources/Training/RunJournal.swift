import Files
import Foundation
import Kernels
import MPI
import Networks
import Parallel
import Reporting
import Tensors

/// What rank 0 tells of a run: on the console, and in the run directory.
final class RunJournal {
  private let console = Console()
  private let directory: RunDirectory
  private let configuration: TrainingConfiguration
  private let stepsPerEpoch: Int
  private let samplesPerEpoch: Int
  private var record: RunRecord
  private var times = StepTimes()
  private var lastStatus = ContinuousClock.now
  private let resumed: Bool
  let checkpoints: CheckpointDirectory

  /// A terminal's progress line is drawn at most this often; a log file gets a line after each such while.
  private static let terminalInterval = Duration.milliseconds(100)
  private static let logInterval = Duration.seconds(5)

  /// - Throws: `OutputError` when the run directory cannot be written.
  ///
  /// - Parameter checkpoint: where the run goes on; a new run replaces what is in its directory.
  init(_ setup: TrainingSetup, from checkpoint: Checkpoint?, _ world: World, version: String) throws {
    configuration = setup.configuration
    stepsPerEpoch = setup.schedule.stepsPerEpoch
    samplesPerEpoch = setup.schedule.samples
    directory = try RunDirectory(configuration.out)
    checkpoints = CheckpointDirectory(path: directory.file("checkpoints"))
    resumed = checkpoint != nil
    record = RunRecord(setup, world, version: version)
    for place in [directory.path, checkpoints.path] { removeTemporaries(in: place) }
    if let checkpoint {
      record.resume(from: checkpoint)
    } else {
      checkpoints.clear()
    }
    try save(checkpoint?.state.progress.epochs ?? [])
  }

  private func save(_ epochs: [EpochMetrics]) throws {
    try writeAtomically(record.json(), to: directory.file("run.json"))
    try writeAtomically(Array(metricsCSV(epochs).utf8), to: directory.file("metrics.csv"))
  }

  /// Saving later than at the start: a run that got that far is not given up for a full disk.
  private func saveOrWarn(_ epochs: [EpochMetrics]) {
    do { try save(epochs) } catch { warn("\(error)") }
  }

  func warn(_ text: String) { console.print("warning: \(text)") }

  func begin(_ rows: [(name: String, value: String)], _ warnings: [String]) {
    let replaces = !resumed && directory.replacesEarlierRun
    let output = directory.path + (replaces ? " (replaces an earlier run)" : "")
    console.print("cnn-mpi \(record.environment.version)\n" + table(rows + [("output", output)]))
    for warning in warnings { warn(warning) }
    console.print("")
    lastStatus = ContinuousClock.now
  }

  func stepEnded(_ run: RunProgress) {
    let now = ContinuousClock.now
    guard now - lastStatus >= (console.isTerminal ? Self.terminalInterval : Self.logInterval) else { return }
    lastStatus = now
    let done = run.position.epoch * samplesPerEpoch + run.position.samples
    let left = configuration.epochs * samplesPerEpoch - done
    let progress = Progress(
      epoch: run.position.epoch + 1, epochs: configuration.epochs,
      step: (run.position.samples * stepsPerEpoch + samplesPerEpoch - 1) / samplesPerEpoch,
      steps: stepsPerEpoch,
      loss: run.sums.meanLoss, accuracy: run.sums.accuracy,
      imagesPerSecond: Double(run.sums.samples) / run.secondsInEpoch,
      secondsLeft: Double(left) * run.trainSeconds / Double(run.images))
    if console.isTerminal {
      console.status { progress.bar(width: $0) }
    } else {
      console.print(progress.line)
    }
  }

  func epochEnded(_ run: RunProgress, _ times: StepTimes) {
    guard let metrics = run.epochs.last else { return }
    self.times = self.times + times
    record.add(run, times)
    saveOrWarn(run.epochs)
    console.print(
      "epoch \(metrics.epoch)/\(configuration.epochs)  train loss \(decimal(metrics.trainLoss, 4)) "
        + "accuracy \(percent(metrics.trainAccuracy))  "
        + (metrics.validationAccuracy.map { "validation accuracy \(percent($0))  " } ?? "")
        + "test loss \(decimal(metrics.testLoss, 4)) "
        + "accuracy \(percent(metrics.testAccuracy))  \(grouped(metrics.imagesPerSecond)) images/s  "
        + "\(decimal(metrics.seconds, 1)) s")
  }

  /// - Parameter stopping: with early stopping.
  func end(_ run: RunProgress, _ stopping: EarlyStopping.State?, weightsSHA256: String) {
    if let stopping {
      record.take(run.epochs[stopping.bestEpoch])
      record.bestEpoch = stopping.bestEpoch + 1
      record.stoppedEarly = run.epochs.count < configuration.epochs
    }
    record.status = .completed
    record.finished = Date()
    record.weightsSHA256 = weightsSHA256
    saveOrWarn(run.epochs)
    guard let result = stopping.map({ run.epochs[$0.bestEpoch] }) ?? run.epochs.last else { return }
    let rows =
      (stopping.map { [("best epoch", bestEpoch($0))] } ?? []) + [
        ("test accuracy", "\(percent(result.testAccuracy)), loss \(decimal(result.testLoss, 4))"),
        (
          "training",
          "\(grouped(run.images)) images in \(decimal(run.trainSeconds, 1)) s, "
            + "\(grouped(Double(run.images) / run.trainSeconds)) images/s"
        ),
        ("time", timeShares),
        ("evaluation", "\(decimal(run.evaluationSeconds, 1)) s"),
        ("weights", "sha256 \(weightsSHA256)"),
        ("results", "\(directory.path): run.json, metrics.csv"),
      ]
    console.print("\n" + table(rows))
  }

  /// Such as `4, validation accuracy 98.50 %; stopped early: no better one for 3 epochs`.
  private func bestEpoch(_ stopping: EarlyStopping.State) -> String {
    let monitored = record.validationSamples == nil ? "test" : "validation"
    let reason =
      record.stoppedEarly == true
      ? "; stopped early: no better one for \(counted(stopping.epochsWithoutImprovement, "epoch"))" : ""
    return "\(stopping.bestEpoch + 1), \(monitored) accuracy "
      + percent(stopping.bestAccuracy) + reason
  }

  /// Where the training time went, since the start or the resumption.
  private var timeShares: String {
    let total = max(times.total, .leastNonzeroMagnitude)
    return "compute \(percent(times.compute / total)), "
      + "communication not hidden \(percent(times.communication / total)), "
      + "data \(percent(times[.data] / total))"
  }

  func fail(_ error: any Error) {
    record.status = error is InterruptedError ? .checkpointed : .failed
    record.error = "\(error)"
    record.finished = Date()
    do { try writeAtomically(record.json(), to: directory.file("run.json")) } catch { warn("\(error)") }
  }
}
