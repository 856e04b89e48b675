import Engine
import Parallel
import Testing

@Suite struct SequenceTests {
  /// Each sample exactly once an epoch, over all ranks, also where nothing divides and in the middle of an epoch; and
  /// a thread's own micro-batches come in its order.
  @Test(arguments: [(100, 24, 5), (7, 64, 32), (1000, 96, 32), (33, 8, 8)])
  func coversAnEpochOnce(samples: Int, globalBatch: Int, microBatch: Int) {
    let schedule = BatchSchedule(samples: samples, globalBatch: globalBatch, microBatch: microBatch)
    for (ranks, threads) in [(1, 1), (2, 1), (3, 2), (4, 3), (1, 5)] {
      for done in [0, min(globalBatch, samples), min(2 * globalBatch, samples)] {
        let sequences = (0..<ranks).map {
          schedule.sequence(after: done, rank: $0, of: ranks, threads: threads)
        }
        #expect(
          sequences.joined().flatMap(\.self).sorted() == Array(done..<samples),
          "\(ranks) ranks, \(threads) threads")
        for (rank, sequence) in sequences.enumerated() {
          var after = done
          while after < samples {
            let batch = schedule.batch(after: after)
            let own = shard(of: batch.microBatches, rank, of: ranks)
            for thread in 0..<threads {
              let wanted = shard(of: own, thread, of: threads).map { batch.positions(ofMicroBatch: $0) }
              #expect(sequence.filter(wanted.contains) == wanted)
            }
            after = batch.positions.upperBound
          }
        }
      }
    }
  }
}
