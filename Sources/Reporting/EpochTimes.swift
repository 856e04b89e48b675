/// Where the training time of an epoch went on rank 0, in seconds.
package struct EpochTimes: Codable, Sendable {
  /// From 1.
  package let epoch: Int
  /// Forward, backward, sums over micro-batches and threads, update.
  package let computeSeconds: Double
  /// What the backward pass did not hide of the reductions over ranks.
  package let communicationSeconds: Double
  /// How long reductions were under way behind the computation; nil in records without it.
  package let hiddenCommunicationSeconds: Double?
  package let dataSeconds: Double

  package init(
    epoch: Int, computeSeconds: Double, communicationSeconds: Double, hiddenCommunicationSeconds: Double,
    dataSeconds: Double
  ) {
    self.epoch = epoch
    self.computeSeconds = computeSeconds
    self.communicationSeconds = communicationSeconds
    self.hiddenCommunicationSeconds = hiddenCommunicationSeconds
    self.dataSeconds = dataSeconds
  }
}
