/// How an epoch is cut: into steps of a global batch, and these into micro-batches, the unit of work. Ranks
/// and threads only decide who computes which micro-batch.
///
/// The last global batch of an epoch, and the last micro-batch of a global batch, may be short.
package struct BatchSchedule: Equatable, Sendable {
  /// Samples in an epoch.
  package let samples: Int
  package let globalBatch: Int
  package let microBatch: Int

  /// A micro-batch larger than the batch or the epoch is cut down to it.
  ///
  /// - Precondition: all are above 0.
  package init(samples: Int, globalBatch: Int, microBatch: Int) {
    precondition(
      samples > 0 && globalBatch > 0 && microBatch > 0, "\(samples), \(globalBatch), \(microBatch)")
    self.samples = samples
    self.globalBatch = globalBatch
    self.microBatch = min(microBatch, globalBatch, samples)
  }

  package var stepsPerEpoch: Int { (samples + globalBatch - 1) / globalBatch }

  /// The batch that follows on the first `done` samples of an epoch.
  package func batch(after done: Int) -> GlobalBatch {
    GlobalBatch(positions: done..<min(done + globalBatch, samples), microBatch: microBatch)
  }

  /// How many micro-batches the steps of an epoch can have that goes on after `done` samples.
  package func microBatchCounts(after done: Int = 0) -> Set<Int> {
    let short = (samples - done) % globalBatch
    let batches = [batch(after: done)] + (short > 0 ? [batch(after: samples - short)] : [])
    return Set(batches.map(\.microBatches))
  }

  /// Epochs done, with their fraction.
  package func epochs(at position: TrainingPosition) -> Double {
    Double(position.epoch) + Double(position.samples) / Double(samples)
  }

  /// The micro-batch size that makes the best of `batch` samples a rank: equal parts of at most 32, which
  /// keeps the activations in the cache and the matrix products efficient. It does not depend on ranks or
  /// threads, so neither does what batch normalisation computes.
  package static func defaultMicroBatch(forBatch batch: Int) -> Int {
    let parts = (batch + 31) / 32
    return (batch + parts - 1) / parts
  }
}

/// The samples of a step, all ranks together: a piece of the epoch's order, cut into micro-batches.
package struct GlobalBatch: Equatable, Sendable {
  /// Positions in the epoch's order.
  package let positions: Range<Int>
  /// Samples a micro-batch; the last may have fewer.
  let microBatch: Int

  package var count: Int { positions.count }

  package var microBatches: Int { (positions.count + microBatch - 1) / microBatch }

  /// Positions of the samples of micro-batch `index`.
  package func positions(ofMicroBatch index: Int) -> Range<Int> {
    let start = positions.lowerBound + index * microBatch
    return start..<min(start + microBatch, positions.upperBound)
  }
}
