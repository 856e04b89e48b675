import Parallel
import Testing

@Suite struct ShardingTests {
  /// Empty shares stand between the others.
  @Test func fewSharesAreSpread() {
    #expect((0..<4).map { shard(of: 2, $0, of: 4).count } == [1, 0, 1, 0])
    #expect((0..<3).map { shard(of: 10..<17, $0, of: 3) } == [10..<13, 13..<15, 15..<17])
  }

  @Test func sharesAreContiguousEvenAndComplete() {
    for count in 0...20 {
      for workers in 1...7 {
        let shares = (0..<workers).map { shard(of: count, $0, of: workers) }
        #expect(shares.flatMap { Array($0) } == Array(0..<count))
        #expect(shares.map(\.count).max()! - shares.map(\.count).min()! <= 1)
        #expect(count == 0 || !shares[0].isEmpty)
      }
    }
    #expect(shard(of: 10..<14, 1, of: 2) == 12..<14)
  }
}

@Suite struct BatchScheduleTests {
  @Test func everySampleOnceAnEpoch() {
    for (samples, global, micro) in [(100, 32, 8), (100, 7, 3), (5, 64, 32), (96, 96, 25), (1, 1, 1)] {
      let schedule = BatchSchedule(samples: samples, globalBatch: global, microBatch: micro)
      for start in 0..<samples {
        var position = TrainingPosition()
        position.samples = start
        var (visited, counts): ([Int], Set<Int>) = ([], [])
        while position.samples < samples {
          let batch = schedule.batch(after: position.samples)
          counts.insert(batch.microBatches)
          for index in 0..<batch.microBatches {
            let positions = batch.positions(ofMicroBatch: index)
            #expect(!positions.isEmpty && positions.count <= micro)
            visited += Array(positions)
          }
          position.advance(over: batch)
        }
        #expect(visited == Array(start..<samples))
        #expect(counts == schedule.microBatchCounts(after: start))
        #expect(start > 0 || position.step == schedule.stepsPerEpoch)
      }
    }
  }

  @Test func lastBatchIsShort() {
    let schedule = BatchSchedule(samples: 60_000, globalBatch: 128, microBatch: 32)
    let last = schedule.batch(after: 468 * 128)
    #expect(schedule.stepsPerEpoch == 469 && last.count == 96 && last.microBatches == 3)
    #expect(schedule.batch(after: 0).microBatches == 4)
  }

  @Test func positionsCountEpochs() {
    let schedule = BatchSchedule(samples: 200, globalBatch: 80, microBatch: 32)
    var position = TrainingPosition()
    position.advance(over: schedule.batch(after: 0))
    #expect(schedule.epochs(at: position) == 0.4)
    position.endEpoch()
    #expect(position.step == 1 && position.samples == 0 && schedule.epochs(at: position) == 1)
  }

  @Test(arguments: [(1, 1), (31, 31), (32, 32), (33, 17), (64, 32), (100, 25), (97, 25), (1000, 32)])
  func defaultMicroBatchesAreEqualParts(_ batch: Int, _ expected: Int) {
    #expect(BatchSchedule.defaultMicroBatch(forBatch: batch) == expected)
  }
}
