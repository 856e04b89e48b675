import Parallel

extension BatchSchedule {
  /// The micro-batches that a rank will load until the end of an epoch, in the order in which its threads want them:
  /// first of each thread the first of a step, then of each the second, and so on.
  ///
  /// - Parameter done: samples of the epoch that are done.
  package func sequence(after done: Int, rank: Int, of ranks: Int, threads: Int) -> [Range<Int>] {
    var sequence: [Range<Int>] = []
    var done = done
    while done < samples {
      let batch = batch(after: done)
      let own = shard(of: batch.microBatches, rank, of: ranks)
      let shares = (0..<threads).map { shard(of: own, $0, of: threads) }
      for round in 0..<(shares.map(\.count).max() ?? 0) {
        for share in shares where round < share.count {
          sequence.append(batch.positions(ofMicroBatch: share.lowerBound + round))
        }
      }
      done = batch.positions.upperBound
    }
    return sequence
  }
}
