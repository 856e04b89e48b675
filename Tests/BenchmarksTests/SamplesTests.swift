import Benchmarks
import Testing

@Suite struct SamplesTests {
  @Test(
    arguments: [
      ([7], 7), ([3, 1], 2), ([5, 1, 3], 3), ([100, 1, 2, 4], 3), ([2, 2, 9, 9, 9], 9),
    ] as [([Double], Double)])
  func medianIsTheMiddle(_ values: [Double], _ expected: Double) {
    #expect(Samples(values).median == expected)
    #expect(Samples(values.reversed()).median == expected)
  }

  @Test func spreadAndTransformation() {
    let samples = Samples([4, 1, 2])
    #expect(samples.minimum == 1 && samples.maximum == 4)
    #expect(samples.map { 8 / $0 }.values == [2, 8, 4])
  }
}

/// With a clock of our own: a call takes a millisecond.
@Suite struct TimingTests {
  @Test(arguments: [(0.1, 1, 100), (0.0005, 1, 1), (0.0105, 1, 11), (0.002, 3, 3)])
  func findsHowManyCallsFillTheTime(_ target: Double, _ atLeast: Int, _ expected: Int) {
    let timing = Timing(seconds: target, atLeast: atLeast, repetitions: 2) { 0.001 * Double($0) }
    #expect(timing.calls == expected)
  }

  @Test func theWarmUpDoublesUpToAQuarter() {
    var counts: [Int] = []
    _ = Timing(seconds: 0.1, repetitions: 1) { count in
      counts.append(count)
      return 0.001 * Double(count)
    }
    #expect(counts == [1, 1, 2, 4, 8, 16, 32])
  }

  /// A first call that takes 0.05 s, in a cold cache, does not count; but one of 0.2 s is enough.
  @Test(arguments: [(0.05, 100), (0.2, 1)])
  func theColdCallDoesNotCount(_ cold: Double, _ expected: Int) {
    var isCold = true
    let timing = Timing(seconds: 0.1, repetitions: 1) { count in
      defer { isCold = false }
      return isCold ? cold : 0.001 * Double(count)
    }
    #expect(timing.calls == expected)
  }

  @Test func samplesAreSecondsACall() {
    let timing = Timing(seconds: 0.01, repetitions: 3) { 0.001 * Double($0) }
    var slowness = 0.0
    let samples = timing.run { count in
      slowness += 1
      return slowness * Double(count)
    }
    #expect(samples.values == [1, 2, 3])
  }

  @Test func secondsCountsCalls() {
    var calls = 0
    let seconds = seconds(of: 5) { calls += 1 }
    #expect(calls == 5 && seconds > 0 && seconds < 1)
  }
}
