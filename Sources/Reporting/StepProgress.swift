/// How far a run is.
package struct StepProgress: Sendable {
  package var epoch: Int
  package var epochs: Int
  package var step: Int
  package var steps: Int
  /// Mean over the steps of the epoch so far.
  package var loss: Double
  package var accuracy: Double
  package var imagesPerSecond: Double
  /// Until the end of the last epoch, evaluations left out.
  package var secondsLeft: Double
  /// Where the time of the epoch so far went; nil to leave it out.
  package var shares: TimeShares?

  package init(
    epoch: Int, epochs: Int, step: Int, steps: Int, loss: Double, accuracy: Double, imagesPerSecond: Double,
    secondsLeft: Double, shares: TimeShares? = nil
  ) {
    self.epoch = epoch
    self.epochs = epochs
    self.step = step
    self.steps = steps
    self.loss = loss
    self.accuracy = accuracy
    self.imagesPerSecond = imagesPerSecond
    self.secondsLeft = secondsLeft
    self.shares = shares
  }

  /// For a log file.
  package var line: String {
    "epoch \(epoch)/\(epochs)  step \(step)/\(steps)  \(numbers.plain)"
      + (shares.map { "  \($0.words)" } ?? "")
  }

  /// For a terminal of `width` columns. A narrow one gets no shares of time, then fewer words, then no number
  /// of steps, then no bar.
  package func bar(width: Int) -> StyledText {
    let head = StyledText("epoch \(epoch)/\(epochs) ", .bold)
    let steps = StyledText(" \(step)/\(steps)", .faint)
    var tails = [steps + "  " + numbers, steps + "  " + shortNumbers, "  " + shortNumbers]
    if let shares { tails.insert(steps + "  " + numbers + "  \(shares.shortWords)", at: 0) }
    for tail in tails {
      let cells = min(width - head.count - tail.count - 1, 40)
      if cells >= 5 { return head + bar(cells: cells) + tail }
    }
    return head + " " + shortNumbers
  }

  private func bar(cells: Int) -> StyledText {
    let done = min(cells * step / max(steps, 1), cells)
    return StyledText(String(repeating: "━", count: done), .blue)
      + StyledText(String(repeating: "╌", count: cells - done), .faint)
  }

  private var numbers: StyledText {
    "loss \(decimal(loss, 4))  accuracy " + StyledText(percent(accuracy), .bold)
      + "  \(grouped(imagesPerSecond)) images/s  \(clock(secondsLeft)) left"
  }

  private var shortNumbers: StyledText {
    "loss \(decimal(loss, 4))  " + StyledText(percent(accuracy), .bold)
      + "  \(grouped(imagesPerSecond))/s  \(clock(secondsLeft)) left"
  }
}
