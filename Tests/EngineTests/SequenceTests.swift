import Engine
import Parallel
import Testing

@Suite struct SequenceTests {
  /// A run that goes on in the middle of an epoch with other ranks, threads and batches takes just the samples that the
  /// cut run had not done.
  @Test func aResumedEpochTakesTheRest() {
    let first = BatchSchedule(samples: 103, globalBatch: 24, microBatch: 5)
    let done = 2 * 24
    let before = (0..<3).flatMap { first.sequence(after: 0, rank: $0, of: 3, threads: 2) }
      .filter { $0.lowerBound < done }
    for (ranks, threads, globalBatch) in [(1, 1, 24), (2, 3, 24), (4, 1, 10), (5, 2, 64)] {
      let second = BatchSchedule(samples: 103, globalBatch: globalBatch, microBatch: 5)
      let after = (0..<ranks).flatMap { second.sequence(after: done, rank: $0, of: ranks, threads: threads) }
      #expect((before + after).flatMap(\.self).sorted() == Array(0..<103), "\(ranks) ranks")
    }
  }

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
