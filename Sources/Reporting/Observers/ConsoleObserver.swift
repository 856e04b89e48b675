/// Tells people on the console how a run goes.
package final class ConsoleObserver: RunObserver {
  private let console: Console
  /// Where the results are.
  private let directory: String
  private var lastStatus = ContinuousClock.now

  /// A terminal's progress line is drawn at most this often; a log file gets a line after each such while.
  private static let terminalInterval = Duration.milliseconds(100)
  private static let logInterval = Duration.seconds(5)

  package init(_ console: Console, directory: String) {
    self.console = console
    self.directory = directory
  }

  package func runBegan(_ start: RunStart) {
    console.print(StyledText(start.program, .bold) + "\n\(table(start.table))")
    for warning in start.warnings { console.warn(warning) }
    console.print("")
    lastStatus = ContinuousClock.now
  }

  package func stepEnded(_ progress: StepProgress) {
    let now = ContinuousClock.now
    guard now - lastStatus >= (console.isTerminal ? Self.terminalInterval : Self.logInterval) else { return }
    lastStatus = now
    var progress = progress
    if console.verbosity != .verbose { progress.shares = nil }
    if console.isTerminal {
      console.status { progress.bar(width: $0) }
    } else {
      console.print(progress.line)
    }
  }

  package func epochEnded(_ epoch: EpochEnd) {
    console.print(line(epoch.results.epochs, of: epoch.epochs))
    for line in epoch.rankLines { console.print(StyledText(line, .faint)) }
  }

  /// The last epoch's results; the test accuracy stands out, and in another color where it is the best so
  /// far.
  private func line(_ epochs: [EpochMetrics], of count: Int) -> StyledText {
    let metrics = epochs[epochs.count - 1]
    let isBest = epochs.dropLast().allSatisfy { $0.testAccuracy < metrics.testAccuracy }
    return StyledText("epoch \(metrics.epoch)/\(count)", .bold)
      + "  train loss \(decimal(metrics.trainLoss, 4)) accuracy \(percent(metrics.trainAccuracy))"
      + (metrics.validationAccuracy.map { "  validation accuracy \(percent($0))" } ?? "")
      + "  test loss \(decimal(metrics.testLoss, 4)) accuracy "
      + StyledText(percent(metrics.testAccuracy), isBest ? .boldGreen : .bold)
      + "  \(grouped(metrics.imagesPerSecond)) images/s  \(decimal(metrics.seconds, 1)) s"
  }

  package func runEnded(_ end: RunEnd) {
    guard let result = end.result else { return }
    let (results, better) = (end.results, end.best == nil ? betterEpoch(end.results.epochs) : "")
    let rows =
      (end.best.map { [("best epoch", words($0))] } ?? []) + [
        ("test accuracy", "\(percent(result.testAccuracy)), loss \(decimal(result.testLoss, 4))\(better)"),
        (
          "training",
          "\(grouped(results.images)) images in \(decimal(results.trainSeconds, 1)) s, "
            + "\(grouped(results.imagesPerSecond)) images/s"
        ),
        ("time", end.shares.words),
        ("evaluation", "\(decimal(results.evaluationSeconds, 1)) s"),
        ("weights", "sha256 \(end.weightsSHA256)"),
        ("results", directory), ("files", end.files.joined(separator: ", ")),
      ]
    console.print("\n" + table(rows))
  }

  /// Such as `4, validation accuracy 98.50 %; stopped early: no better one for 3 epochs`.
  private func words(_ best: BestEpoch) -> String {
    "\(best.epoch), \(best.monitored) accuracy \(percent(best.accuracy))"
      + (best.stoppedEarly
        ? "; stopped early: no better one for \(counted(best.epochsWithoutImprovement, "epoch"))" : "")
  }

  /// The best epoch, if that is not the last one.
  private func betterEpoch(_ epochs: [EpochMetrics]) -> String {
    guard let last = epochs.last, let best = epochs.max(by: { $0.testAccuracy < $1.testAccuracy }),
      best.testAccuracy > last.testAccuracy
    else { return "" }
    return " (best: \(percent(best.testAccuracy)) after epoch \(best.epoch))"
  }
}
