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
  private var epochs: [EpochMetrics] = []
  private var times = StepTimes()
  private var trainSeconds = 0.0
  private var evaluationSeconds = 0.0
  private var epochStart = ContinuousClock.now
  private var lastStatus = ContinuousClock.now

  /// A terminal's progress line is drawn at most this often; a log file gets a line after each such while.
  private static let terminalInterval = Duration.milliseconds(100)
  private static let logInterval = Duration.seconds(5)

  /// - Throws: `OutputError` when the run directory cannot be written.
  init(_ setup: TrainingSetup, _ world: World, version: String) throws {
    configuration = setup.configuration
    stepsPerEpoch = setup.schedule.stepsPerEpoch
    samplesPerEpoch = setup.schedule.samples
    directory = try RunDirectory(configuration.out)
    record = RunRecord(setup, world, version: version)
    try save()
  }

  private func save() throws {
    try writeAtomically(record.json(), to: directory.file("run.json"))
    try writeAtomically(Array(metricsCSV(epochs).utf8), to: directory.file("metrics.csv"))
  }

  /// Saving later than at the start: a run that got that far is not given up for a full disk.
  private func saveOrWarn() {
    do { try save() } catch { console.print("warning: \(error)") }
  }

  func begin(_ rows: [(name: String, value: String)], _ warnings: [String]) {
    let output = directory.path + (directory.replacesEarlierRun ? " (replaces an earlier run)" : "")
    console.print("cnn-mpi \(record.environment.version)\n" + table(rows + [("output", output)]))
    for warning in warnings { console.print("warning: \(warning)") }
    console.print("")
    epochStart = ContinuousClock.now
    lastStatus = epochStart
  }

  func stepEnded(_ epoch: Int, _ stepInEpoch: Int, _ sums: EpochSums) {
    let now = ContinuousClock.now
    guard now - lastStatus >= (console.isTerminal ? Self.terminalInterval : Self.logInterval) else { return }
    lastStatus = now
    let seconds = (now - epochStart).seconds
    let done = Double(epoch * samplesPerEpoch + sums.samples)
    let left = Double(configuration.epochs * samplesPerEpoch) - done
    let progress = Progress(
      epoch: epoch + 1, epochs: configuration.epochs, step: stepInEpoch + 1, steps: stepsPerEpoch,
      loss: sums.meanLoss, accuracy: sums.accuracy, imagesPerSecond: Double(sums.samples) / seconds,
      secondsLeft: left * (trainSeconds + seconds) / done)
    if console.isTerminal {
      console.status { progress.bar(width: $0) }
    } else {
      console.print(progress.line)
    }
  }

  func epochEnded(
    _ epoch: Int, _ sums: EpochSums, _ times: StepTimes, _ test: EvaluationResult, learningRate: Double,
    trainSeconds: Double, evaluationSeconds: Double
  ) {
    self.times = self.times + times
    self.trainSeconds += trainSeconds
    self.evaluationSeconds += evaluationSeconds
    let metrics = EpochMetrics(
      epoch: epoch + 1, trainLoss: sums.meanLoss, trainAccuracy: sums.accuracy, testLoss: test.loss,
      testAccuracy: test.accuracy, learningRate: learningRate,
      imagesPerSecond: Double(sums.samples) / trainSeconds, seconds: trainSeconds)
    epochs.append(metrics)
    record.add(metrics, times, trainSeconds: self.trainSeconds, evaluationSeconds: self.evaluationSeconds)
    saveOrWarn()
    console.print(
      "epoch \(epoch + 1)/\(configuration.epochs)  train loss \(decimal(metrics.trainLoss, 4)) "
        + "accuracy \(percent(metrics.trainAccuracy))  test loss \(decimal(test.loss, 4)) "
        + "accuracy \(percent(test.accuracy))  \(grouped(metrics.imagesPerSecond)) images/s  "
        + "\(decimal(trainSeconds, 1)) s")
    epochStart = ContinuousClock.now
  }

  func end(communicationWait: Double, weightsSHA256: String) {
    record.status = .completed
    record.finished = Date()
    record.communicationWaitSeconds = communicationWait
    record.weightsSHA256 = weightsSHA256
    saveOrWarn()
    guard let last = epochs.last else { return }
    let images = samplesPerEpoch * epochs.count
    console.print(
      "\n"
        + table([
          ("test accuracy", "\(percent(last.testAccuracy)), loss \(decimal(last.testLoss, 4))"),
          (
            "training",
            "\(grouped(images)) images in \(decimal(trainSeconds, 1)) s, "
              + "\(grouped(Double(images) / trainSeconds)) images/s"
          ),
          ("time", timeShares),
          ("evaluation", "\(decimal(evaluationSeconds, 1)) s"),
          ("weights", "sha256 \(weightsSHA256)"),
          ("results", "\(directory.path): run.json, metrics.csv"),
        ]))
  }

  /// Where the training time went.
  private var timeShares: String {
    "compute \(percent(times.compute / trainSeconds)), "
      + "communication not hidden \(percent(times[.reduce] / trainSeconds)), "
      + "data \(percent(times[.data] / trainSeconds))"
  }

  func fail(_ error: any Error) {
    record.status = .failed
    record.error = "\(error)"
    record.finished = Date()
    saveOrWarn()
  }
}
