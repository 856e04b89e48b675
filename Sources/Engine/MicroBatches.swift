import Data
import Parallel

/// A run of a batch's micro-batches that one rank computes, and where their samples come from.
package struct MicroBatches: Sendable {
  package let loader: BatchLoader
  /// Loads ahead; nil where the computing threads load themselves.
  package let ring: PrefetchRing?
  package let batch: GlobalBatch
  /// Which of the batch's micro-batches: a contiguous part of 0..<`batch.microBatches`, maybe an empty one.
  package let indices: Range<Int>
  /// The number of the training step since the start of training, from 0.
  package let step: Int

  package init(
    _ loader: BatchLoader, _ batch: GlobalBatch, indices: Range<Int>, step: Int, ring: PrefetchRing? = nil
  ) {
    self.loader = loader
    self.ring = ring
    self.batch = batch
    self.indices = indices
    self.step = step
  }
}

/// What micro-batches contribute to the loss and the right answers of their batch. Summed over all
/// micro-batches of the batch, these are the batch's own.
package struct StepMetrics: Equatable, Sendable {
  /// The sum of the samples' losses over the number of samples in the batch.
  package private(set) var loss = 0.0
  /// Number of samples classified right.
  package private(set) var correct = 0.0

  package init(loss: Double = 0, correct: Double = 0) {
    self.loss = loss
    self.correct = correct
  }

  package static func += (sum: inout Self, other: Self) {
    sum.loss += other.loss
    sum.correct += other.correct
  }
}
