/// How far training is. It counts samples, not batches, so that a run can go on with batches of another size.
package struct TrainingPosition: Codable, Equatable, Sendable {
  /// Steps done since the start.
  package var step = 0
  /// The epoch under way, from 0.
  package var epoch = 0
  /// Samples of that epoch that are done: so many from the start of its order.
  package var samples = 0

  package init() {}

  /// A step on `batch` is done.
  package mutating func advance(over batch: GlobalBatch) {
    step += 1
    samples = batch.positions.upperBound
  }

  /// All of the epoch is done.
  package mutating func endEpoch() {
    epoch += 1
    samples = 0
  }
}
