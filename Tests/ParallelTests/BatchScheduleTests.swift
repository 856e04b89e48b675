import Parallel
import Testing

@Suite struct ShardingTests {
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
      var visited: [Int] = []
      for step in 0..<schedule.stepsPerEpoch {
        #expect(schedule.microBatches(inStep: step) > 0)
        for index in 0..<schedule.microBatches(inStep: step) {
          let positions = schedule.positions(ofStep: step, microBatch: index)
          #expect(!positions.isEmpty && positions.count <= micro)
          visited += Array(positions)
        }
      }
      #expect(visited == Array(0..<samples))
    }
  }

  @Test func lastBatchIsShort() {
    let schedule = BatchSchedule(samples: 60_000, globalBatch: 128, microBatch: 32)
    #expect(schedule.stepsPerEpoch == 469 && schedule.positions(ofStep: 468).count == 96)
    #expect(schedule.microBatches(inStep: 0) == 4 && schedule.microBatches(inStep: 468) == 3)
  }

  @Test(arguments: [(1, 1), (31, 31), (32, 32), (33, 17), (64, 32), (100, 25), (97, 25), (1000, 32)])
  func defaultMicroBatchesAreEqualParts(_ batch: Int, _ expected: Int) {
    #expect(BatchSchedule.defaultMicroBatch(forBatch: batch) == expected)
  }
}
