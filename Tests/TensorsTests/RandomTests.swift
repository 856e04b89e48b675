import Tensors
import Testing

@Suite struct PhiloxTests {
  /// The known answers of Random123 (`kat_vectors`, philox4x32 10).
  @Test(arguments: [
    (
      SIMD4<UInt32>(repeating: 0), SIMD2<UInt32>(repeating: 0),
      SIMD4<UInt32>(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8)
    ),
    (
      SIMD4(repeating: UInt32.max), SIMD2(repeating: UInt32.max),
      SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd)
    ),
    (
      SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), SIMD2(0xa409_3822, 0x299f_31d0),
      SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1)
    ),
  ])
  func knownAnswers(_ counter: SIMD4<UInt32>, _ key: SIMD2<UInt32>, _ expected: SIMD4<UInt32>) {
    #expect(Philox.block(counter: counter, key: key) == expected)
    #expect(Philox.eightBlocks(counter: counter, key: key)[0] == expected[0])
  }

  /// Eight blocks at once are eight blocks one by one, where the counter starts anew too.
  @Test(arguments: [0, 5, UInt32.max - 3])
  func eightBlocksAreEightTimesOne(_ first: UInt32) {
    let key = SIMD2<UInt32>(0xA409_3822, 0x299F_31D0)
    let blocks = Philox.eightBlocks(counter: SIMD4(first, 0x85A3_08D3, 7, .max), key: key)
    for index in 0..<8 {
      let block = Philox.block(
        counter: SIMD4(first &+ UInt32(index), 0x85A3_08D3, 7, .max), key: key)
      #expect((0..<4).map { blocks[4 * index + $0] } == (0..<4).map { block[$0] }, "block \(index)")
    }
  }
}

@Suite struct RandomStreamTests {
  private func words(_ stream: RandomStream, _ count: Int = 9) -> [UInt32] {
    var stream = stream
    return (0..<count).map { _ in stream.next() }
  }

  @Test func isAFunctionOfItsParameters() {
    let stream = RandomStream(seed: 5, purpose: .shuffle, time: 2, index: 7)
    #expect(words(stream) == words(RandomStream(seed: 5, purpose: .shuffle, time: 2, index: 7)))
    let others = [
      RandomStream(seed: 6, purpose: .shuffle, time: 2, index: 7),
      RandomStream(seed: 5 | 1 << 40, purpose: .shuffle, time: 2, index: 7),
      RandomStream(seed: 5, purpose: .syntheticDigits, time: 2, index: 7),
      RandomStream(seed: 5, purpose: .validationSplit, time: 2, index: 7),
      RandomStream(seed: 5, purpose: .augmentation, time: 2, index: 7),
      RandomStream(seed: 5, purpose: .shuffle, time: 3, index: 7),
      RandomStream(seed: 5, purpose: .shuffle, time: 2, index: 8),
      RandomStream(seed: 5, purpose: .dropout(layer: 0), time: 2, index: 7),
      RandomStream(seed: 5, purpose: .dropout(layer: 1), time: 2, index: 7),
    ]
    #expect(Set(others.map { words($0) } + [words(stream)]).count == others.count + 1)
  }

  @Test func thirtyTwoWordsAreThoseOfThirtyTwoCalls() {
    var (fast, slow) = (
      RandomStream(seed: 1 << 40, purpose: .dropout(layer: 3), time: 9, index: 70_000),
      RandomStream(seed: 1 << 40, purpose: .dropout(layer: 3), time: 9, index: 70_000)
    )
    for round in 0..<3 {
      let words = fast.next32()
      #expect((0..<32).map { words[$0] } == self.words(slow, 32), "round \(round)")
      for _ in 0..<36 { _ = slow.next() as UInt32 }
      for _ in 0..<4 { _ = fast.next() as UInt32 }
    }
  }

  @Test func uniformAndNormalHaveTheirMoments() {
    var stream = RandomStream(seed: 1, purpose: .initialization)
    let uniform = (0..<100_000).map { _ in Double(stream.uniform()) }
    #expect(uniform.allSatisfy { $0 >= 0 && $0 < 1 })
    #expect(abs(uniform.reduce(0, +) / 1e5 - 0.5) < 0.005)
    let normal = (0..<100_000).map { _ in Double(stream.normal()) }
    #expect(normal.allSatisfy { $0.isFinite })
    #expect(abs(normal.reduce(0, +) / 1e5) < 0.02)
    #expect(abs(normal.reduce(0) { $0 + $1 * $1 } / 1e5 - 1) < 0.02)
  }

  @Test func integersAreEvenlySpread() {
    var stream = RandomStream(seed: 1, purpose: .initialization)
    var counts = [Int](repeating: 0, count: 7)
    for _ in 0..<70_000 { counts[stream.integer(below: 7)] += 1 }
    #expect(counts.allSatisfy { abs($0 - 10_000) < 500 }, "\(counts)")
    #expect(stream.integer(below: 1) == 0)
  }
}
