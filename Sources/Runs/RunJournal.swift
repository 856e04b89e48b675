import Engine
import Files
import Foundation
import Kernels
import MPI
import Models
import Networks
import Parallel
import Reporting
import System
import Tensors

/// What rank 0 tells of a run: on the console, and in the run directory.
final class RunJournal {
  private let console: Console
  private let directory: RunDirectory
  private let configuration: TrainingConfiguration
  private let stepsPerEpoch: Int
  private let samplesPerEpoch: Int
  private var record: RunRecord
  /// Nil when the run writes `metrics.csv` alone.
  private let records: RunRecords?
  private var lastStatus = ContinuousClock.now
  private let replacesEarlierRun: Bool
  private(set) var recorded: RecordedSums
  let checkpoints: CheckpointDirectory

  /// A terminal's progress line is drawn at most this often; a log file gets a line after each such while.
  private static let terminalInterval = Duration.milliseconds(100)
  private static let logInterval = Duration.seconds(5)

  /// - Throws: `OutputError` when the run directory cannot be written.
  ///
  /// - Parameter checkpoint: where the run goes on; a new run replaces what is in its directory.
  init(_ setup: TrainingSetup, from checkpoint: Checkpoint?, _ world: World, version: String) throws {
    configuration = setup.configuration
    console = Console(configuration.verbosity)
    stepsPerEpoch = setup.schedule.stepsPerEpoch
    samplesPerEpoch = setup.schedule.samples
    directory = try RunDirectory(configuration.out)
    checkpoints = CheckpointDirectory(path: directory.file("checkpoints"))
    record = RunRecord(setup, world, version: version)
    for place in [directory.path, checkpoints.path] { removeTemporaries(in: place) }
    // A run that goes on in its own directory keeps what is there; any other replaces it.
    let goesOnHere = checkpoint?.lies(in: directory.path) ?? false
    replacesEarlierRun = !goesOnHere && directory.replacesEarlierRun
    if !goesOnHere {
      try checkpoints.clear()
      RunRecords.remove(from: directory)
      for name in [TrainedModel.fileName, "trace.json"] { unlink(directory.file(name)) }
    }
    if let checkpoint { record.resume(from: checkpoint) }
    let position = goesOnHere ? checkpoint?.state.progress.position : nil
    records =
      configuration.records == .all
      ? RunRecords(
        in: directory, console, resumedAt: position.map { ResumedRun(steps: $0.step, epochs: $0.epoch) })
      : nil
    recorded = checkpoint?.state.recorded ?? RecordedSums()
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

  func warn(_ text: String) { console.warn(text) }

  func begin(_ rows: [(name: String, value: String)], _ warnings: [String]) {
    let output = directory.path + (replacesEarlierRun ? " (replaces an earlier run)" : "")
    console.print(
      StyledText("cnn-mpi \(record.environment.version)", .bold) + "\n\(table(rows + [("output", output)]))")
    for warning in warnings { warn(warning) }
    console.print("")
    lastStatus = ContinuousClock.now
  }

  /// - Parameter gradientNorm: called at steps that are recorded.
  func stepEnded(_ run: RunProgress, gradientNorm: () -> Double) {
    let position = run.position
    if let records, position.step % configuration.logEvery == 0 || position.samples == samplesPerEpoch {
      let since = run.sums - recorded.sums
      records.stepEnded(
        StepRecord(
          step: position.step, epoch: position.epoch + 1, samples: run.images, loss: since.meanLoss,
          accuracy: since.accuracy, learningRate: run.learningRate,
          imagesPerSecond: Double(since.samples) / (run.secondsInEpoch - recorded.seconds),
          gradientNorm: gradientNorm(), seconds: run.trainSeconds))
      recorded = RecordedSums(sums: run.sums, seconds: run.secondsInEpoch)
    }
    let now = ContinuousClock.now
    guard now - lastStatus >= (console.isTerminal ? Self.terminalInterval : Self.logInterval) else { return }
    lastStatus = now
    showProgress(run)
  }

  private func showProgress(_ run: RunProgress) {
    let position = run.position
    let left = (configuration.epochs - position.epoch) * samplesPerEpoch - position.samples
    let step = (position.samples * stepsPerEpoch + samplesPerEpoch - 1) / samplesPerEpoch
    let progress = Progress(
      epoch: position.epoch + 1, epochs: configuration.epochs, step: step, steps: stepsPerEpoch,
      loss: run.sums.meanLoss, accuracy: run.sums.accuracy,
      imagesPerSecond: Double(run.sums.samples) / run.secondsInEpoch,
      secondsLeft: Double(left) * run.trainSeconds / Double(run.images),
      shares: console.verbosity == .verbose ? run.timesInEpoch.shares(of: run.timesInEpoch.total) : nil)
    if console.isTerminal {
      console.status { progress.bar(width: $0) }
    } else {
      console.print(progress.line)
    }
  }

  func epochEnded(
    _ run: RunProgress, _ times: RankTimes, _ parameters: SharedBuffer<Float>, _ layout: ParameterLayout
  ) {
    guard let metrics = run.epochs.last else { return }
    recorded = RecordedSums()
    record.add(run)
    saveOrWarn(run.epochs)
    records?.epochEnded(metrics, step: run.position.step)
    records?.parametersChanged(parameters.span, layout, step: run.position.step)
    console.print(line(run.epochs))
    for line in times.lines(seconds: metrics.seconds) { console.print(StyledText(line, .faint)) }
  }

  /// The last epoch's results; the test accuracy stands out, and in another color where it is the best so
  /// far.
  private func line(_ epochs: [EpochMetrics]) -> StyledText {
    let metrics = epochs[epochs.count - 1]
    let isBest = epochs.dropLast().allSatisfy { $0.testAccuracy < metrics.testAccuracy }
    return StyledText("epoch \(metrics.epoch)/\(configuration.epochs)", .bold)
      + "  train loss \(decimal(metrics.trainLoss, 4)) accuracy \(percent(metrics.trainAccuracy))"
      + (metrics.validationAccuracy.map { "  validation accuracy \(percent($0))" } ?? "")
      + "  test loss \(decimal(metrics.testLoss, 4)) accuracy "
      + StyledText(percent(metrics.testAccuracy), isBest ? .boldGreen : .bold)
      + "  \(grouped(metrics.imagesPerSecond)) images/s  \(decimal(metrics.seconds, 1)) s"
  }

  /// Writes `model.safetensors`.
  func save(_ model: TrainedModel) throws {
    try model.write(to: directory.file(TrainedModel.fileName), version: version)
  }

  var tracePath: String { directory.file("trace.json") }

  var version: String { record.environment.version }

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
    let files =
      ["run.json", "metrics.csv", TrainedModel.fileName] + finishRecords(hasEpochs: !run.epochs.isEmpty)
      + (configuration.trace ? ["trace.json"] : [])
    guard let result = stopping.map({ run.epochs[$0.bestEpoch] }) ?? run.epochs.last else { return }
    let rows =
      (stopping.map { [("best epoch", bestEpoch($0))] } ?? []) + [
        (
          "test accuracy",
          "\(percent(result.testAccuracy)), loss \(decimal(result.testLoss, 4))\(stopping == nil ? best(run.epochs) : "")"
        ),
        (
          "training",
          "\(grouped(run.images)) images in \(decimal(run.trainSeconds, 1)) s, "
            + "\(grouped(Double(run.images) / run.trainSeconds)) images/s"
        ),
        ("time", run.times.shares(of: max(run.times.total, .leastNonzeroMagnitude)).words),
        ("evaluation", "\(decimal(run.evaluationSeconds, 1)) s"),
        ("weights", "sha256 \(weightsSHA256)"),
        ("results", directory.path), ("files", files.joined(separator: ", ")),
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

  /// The best epoch, if that is not the last one.
  private func best(_ epochs: [EpochMetrics]) -> String {
    guard let last = epochs.last, let best = epochs.max(by: { $0.testAccuracy < $1.testAccuracy }),
      best.testAccuracy > last.testAccuracy
    else { return "" }
    return " (best: \(percent(best.testAccuracy)) after epoch \(best.epoch))"
  }

  /// Closes the records and draws the figures, unless there is nothing to draw.
  ///
  /// - Returns: what has been written.
  private func finishRecords(hasEpochs: Bool) -> [String] {
    guard let records else { return [] }
    var files = records.close()
    guard hasEpochs else { return files }
    do {
      let run = try RunMetrics(directory: directory.path)
      for format in FigureFormat.allCases {
        let name = TrainingFigure.name(format)
        try TrainingFigure.draw(run, format, to: directory.file(name))
        files.append(name)
      }
    } catch {
      console.warn("\(error)")
    }
    return files
  }

  func fail(_ error: any Error) {
    record.status = error is InterruptedError ? .checkpointed : .failed
    record.error = "\(error)"
    record.finished = Date()
    do { try writeAtomically(record.json(), to: directory.file("run.json")) } catch { warn("\(error)") }
    // No figures: a batch system gives little time between its signal and the end.
    _ = records?.close()
  }
}
