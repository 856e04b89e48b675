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

  /// Positions in the epoch of the samples of step `step`.
  package func positions(ofStep step: Int) -> Range<Int> {
    step * globalBatch..<min((step + 1) * globalBatch, samples)
  }

  /// Number of micro-batches of step `step`.
  package func microBatches(inStep step: Int) -> Int {
    (positions(ofStep: step).count + microBatch - 1) / microBatch
  }

  /// Positions in the epoch of the samples of micro-batch `index` of step `step`.
  package func positions(ofStep step: Int, microBatch index: Int) -> Range<Int> {
    let all = positions(ofStep: step)
    let start = all.lowerBound + index * microBatch
    return start..<min(start + microBatch, all.upperBound)
  }

  /// The micro-batch size that makes the best of `batch` samples a rank: equal parts of at most 32, which
  /// keeps the activations in the cache and the matrix products efficient. It does not depend on ranks or
  /// threads, so neither does what batch normalisation computes.
  package static func defaultMicroBatch(forBatch batch: Int) -> Int {
    let parts = (batch + 31) / 32
    return (batch + parts - 1) / parts
  }
}
