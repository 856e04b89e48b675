/// Where training time went.
package struct TimeShares: Sendable {
  /// From 0 to 1: forward, backward, sums over micro-batches and threads, update.
  package var compute: Double
  /// What the backward pass did not hide of the reductions over ranks.
  package var communication: Double
  package var data: Double

  package init(compute: Double, communication: Double, data: Double) {
    self.compute = compute
    self.communication = communication
    self.data = data
  }

  package var words: String {
    "compute \(percent(compute)), communication not hidden \(percent(communication)), data \(percent(data))"
  }

  /// For a terminal's progress line.
  package var shortWords: String {
    "compute \(decimal(100 * compute, 0)) %, reduce \(decimal(100 * communication, 0)) %, "
      + "data \(decimal(100 * data, 0)) %"
  }
}
