import Files
import Foundation
import Parallel
import Reporting

/// Tells people how a search for a learning rate goes, and writes down what came out, on rank 0.
struct LearningRateReport {
  private let console = Console()
  /// What is trained on what, such as `mnist-cnn on mnist`.
  private let subject: String
  private let search: LearningRateSearchConfiguration
  private let worldSize: Int
  /// The rate of a step is that of one rank times this.
  private let factor: Int

  init(_ setup: TrainingSetup, _ search: LearningRateSearchConfiguration, worldSize: Int) {
    let data = search.training.data.split(separator: "/").last.map(String.init) ?? search.training.data
    subject = "\(setup.network.description.name) on \(data)"
    self.search = search
    self.worldSize = worldSize
    factor = search.training.learningRateFactor(worldSize: worldSize)
  }

  /// - Parameter training: the table of a training run.
  func begin(_ training: [(name: String, value: String)], _ warnings: [String], version: String) {
    let rates = "\(shortest(search.lowest)) to \(shortest(search.highest)) in \(grouped(search.steps)) steps"
    let rows = training.compactMap { row in
      switch row.name {
      case "learning rate": (row.name, rates + scaling)
      case "epochs": nil
      default: row
      }
    }
    console.print(StyledText("cnn-mpi \(version)", .bold) + "\n\(table(rows))")
    for warning in warnings { console.warn(warning) }
    console.print("\n" + Self.row("--lr", "loss", "smoothed", ""))
  }

  /// Such as `, x 2 in training on 2 ranks`; empty for no factor.
  private var scaling: String {
    factor > 1 ? ", x \(factor) in training on \(counted(worldSize, "rank"))" : ""
  }

  /// Prints each twentieth step, and the last one.
  func stepEnded(_ sweep: LearningRateSweep) {
    // A loss that is no number is told of at the end.
    guard let point = sweep.points.last, sweep.divergedAt.map({ $0 == point.learningRate }) ?? true else {
      return
    }
    let interval = max((search.steps + 19) / 20, 1)
    guard (sweep.points.count - 1) % interval == 0 || sweep.next == nil else { return }
    let share = min(point.smoothedLoss / sweep.points[0].smoothedLoss, 2)
    let bar = String(repeating: "━", count: Int((Double(Self.barLength) * share).rounded()))
    console.print(
      Self.row(rounded(point.learningRate), decimal(point.loss, 4), decimal(point.smoothedLoss, 4), bar))
  }

  /// As long as the bar of the first loss is.
  private static let barLength = 30

  private static func row(_ rate: String, _ loss: String, _ smoothed: String, _ bar: String) -> String {
    func flushRight(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(width - text.count, 0)) + text
    }
    let cells = "  \(flushRight(rate, 8))  \(flushRight(loss, 10))  \(flushRight(smoothed, 10))"
    return bar.isEmpty ? cells : "\(cells)  \(bar)"
  }

  /// Writes `lr_find.csv` and draws it, and says which rates it suggests.
  func end(_ sweep: LearningRateSweep, in directory: String) throws {
    let path = "\(directory)/lr_find.csv"
    try writeAtomically(Array(csv(sweep).utf8), to: path)
    let suggestions = suggestions(sweep)
    let marked = suggestions.map { (name: "\($0.name): \(rounded($0.rate))", rate: $0.rate) }
    console.print("\n" + table(words(sweep, suggestions)) + "\n")
    let figure = LearningRateFigure(
      title: "\(subject), \(counted(worldSize, "rank")): loss at a rising learning rate",
      xLabel: "--lr, the learning rate of one rank" + (factor > 1 ? " (x \(factor) in training)" : ""),
      rates: sweep.points.map(\.learningRate), losses: sweep.points.map(\.loss),
      smoothed: sweep.points.map(\.smoothedLoss), suggestions: marked)
    let files = [path] + (try figure.draw("lr_find", in: directory))
    console.print(table([("files", files.joined(separator: ", "))]))
  }

  /// A row a step; numbers are written so that they read back exactly.
  private func csv(_ sweep: LearningRateSweep) -> String {
    let rows = sweep.points.enumerated().map { index, point in
      let rates = "\(point.learningRate),\(Double(factor) * point.learningRate)"
      return "\(index + 1),\(rates),\(point.loss),\(point.smoothedLoss)\n"
    }
    return "step,lr,learning_rate,loss,smoothed_loss\n" + rows.joined()
  }

  private func suggestions(_ sweep: LearningRateSweep) -> [(name: String, rate: Double)] {
    [("steepest descent", sweep.steepest), ("minimum / 10", sweep.tenthOfBest)].compactMap { name, rate in
      rate.map { (name, $0) }
    }
  }

  private func words(
    _ sweep: LearningRateSweep, _ suggestions: [(name: String, rate: Double)]
  ) -> [(name: String, value: String)] {
    let steps = counted(sweep.points.count, "step")
    let end =
      sweep.divergedAt.map { rate in
        "after \(steps), as the loss got \(sweep.points.last?.learningRate == rate ? "larger than 4 times the best" : "no number") "
          + "at \(rounded(rate))"
      } ?? "after all \(steps)"
    guard !suggestions.isEmpty else {
      return [
        ("ended", end),
        ("suggested", "nothing, as the loss falls nowhere: other rates or more steps may tell more"),
      ]
    }
    return [("ended", end)] + suggestions.map { ($0.name, "--lr \(rounded($0.rate))\(inTraining($0.rate))") }
  }

  /// Such as `, which is 0.02 in training on 2 ranks`.
  private func inTraining(_ rate: Double) -> String {
    factor > 1
      ? ", which is \(rounded(Double(factor) * rate)) in training on \(counted(worldSize, "rank"))" : ""
  }
}

/// A rate with two digits, such as `0.012`: more would say more than is known.
private func rounded(_ rate: Double) -> String { shortest(Double(String(format: "%.1e", rate)) ?? rate) }
