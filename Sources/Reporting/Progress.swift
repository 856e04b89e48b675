/// How far a run is.
package struct Progress: Sendable {
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

  package init(
    epoch: Int, epochs: Int, step: Int, steps: Int, loss: Double, accuracy: Double, imagesPerSecond: Double,
    secondsLeft: Double
  ) {
    self.epoch = epoch
    self.epochs = epochs
    self.step = step
    self.steps = steps
    self.loss = loss
    self.accuracy = accuracy
    self.imagesPerSecond = imagesPerSecond
    self.secondsLeft = secondsLeft
  }

  /// For a log file.
  package var line: String {
    "epoch \(epoch)/\(epochs)  step \(step)/\(steps)  \(numbers)"
  }

  /// For a terminal of `width` columns.
  package func bar(width: Int) -> String {
    let head = "epoch \(epoch)/\(epochs) "
    let tail = " \(step)/\(steps)  \(numbers)"
    let cells = min(max(width - head.count - tail.count - 1, 0), 40)
    guard cells >= 5 else { return head + tail }
    let done = cells * step / max(steps, 1)
    return head + String(repeating: "━", count: done) + String(repeating: "╌", count: cells - done) + tail
  }

  private var numbers: String {
    "loss \(decimal(loss, 4))  accuracy \(percent(accuracy))  \(grouped(imagesPerSecond)) images/s  "
      + "\(clock(secondsLeft)) left"
  }
}
