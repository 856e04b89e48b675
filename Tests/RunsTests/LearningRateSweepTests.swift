import Foundation
import Runs
import Testing

@Suite struct LearningRateSweepTests {
  /// A sweep whose smoothed losses are `smoothed`, a function of the logarithm of the rate to base 10.
  private static func sweep(
    _ rates: ClosedRange<Double>, steps: Int, smoothed: (_ exponent: Double) -> Double
  ) -> LearningRateSweep {
    var sweep = LearningRateSweep(rates, steps: steps)
    let left = LearningRateSweep.smoothing
    var average = 0.0
    while let rate = sweep.next {
      let wanted = smoothed(log10(rate)) * (1 - pow(left, Double(sweep.points.count + 1)))
      sweep.add((wanted - left * average) / (1 - left))
      average = wanted
    }
    return sweep
  }

  @Test func ratesRiseByTheSameFactor() {
    let rates = Self.sweep(1e-6...1, steps: 7) { _ in 2 }.points.map(\.learningRate)
    #expect(rates.count == 7)
    for (index, rate) in rates.enumerated() {
      #expect(abs(rate / pow(10, Double(index) - 6) - 1) < 1e-12, "\(index): \(rate)")
    }
  }

  /// The first loss counts whole: 0.02 l1 / (1 - 0.98); then (0.98 l1 + l2) / 1.98.
  @Test func lossesAreSmoothed() {
    var sweep = LearningRateSweep(1e-3...1, steps: 3)
    for loss in [3.0, 1, 2] { sweep.add(loss) }
    let smoothed = sweep.points.map(\.smoothedLoss)
    let expected = [3, (0.98 * 3 + 1) / 1.98, (0.98 * 0.98 * 3 + 0.98 + 2) / (0.98 * 0.98 + 1.98)]
    #expect(zip(smoothed, expected).allSatisfy { abs($0 - $1) < 1e-12 }, "\(smoothed), \(expected)")
    #expect(sweep.points.map(\.loss) == [3, 1, 2] && sweep.next == nil && sweep.divergedAt == nil)
  }

  /// A loss that falls by 2 around 0.001, most steeply there, and rises from 0.1 on: the derivative is 0 where
  /// 6 / e^(3 (x + 3)) is 2 (x + 1), near x = -0.993.
  @Test func suggestionsAreWhereTheyShouldBe() throws {
    let sweep = Self.sweep(1e-7...10, steps: 321) { exponent in
      2.3 - 2 / (1 + exp(-3 * (exponent + 3))) + (exponent > -1 ? (exponent + 1) * (exponent + 1) : 0)
    }
    let factor = pow(1e8, 1 / 320.0)
    let steepest = try #require(sweep.steepest)
    #expect(steepest > 1e-3 / factor && steepest < 1e-3 * factor, "\(steepest)")
    let tenth = try #require(sweep.tenthOfBest)
    let expected = pow(10, -0.993) / 10
    #expect(tenth > expected / factor && tenth < expected * factor, "\(tenth)")
  }

  /// What falls most steeply behind the least loss is the way back from what a too large rate did.
  @Test func aDescentBehindTheBestDoesNotCount() throws {
    let sweep = Self.sweep(1e-4...1, steps: 101) { exponent in
      switch exponent {
      case ..<(-2): 2 + 0.5 * (-2 - exponent)
      case ..<(-1): 2 + 2 * (exponent + 2)
      default: 4 - 1.5 * (exponent + 1)
      }
    }
    let (steepest, tenth) = (try #require(sweep.steepest), try #require(sweep.tenthOfBest))
    #expect(steepest < 1e-2 && abs(tenth / 1e-3 - 1) < 1e-9, "\(steepest), \(tenth)")
  }

  @Test func itEndsWhereTheLossIsFourTimesTheBest() {
    var sweep = LearningRateSweep(1e-5...1, steps: 100)
    for _ in 0..<30 { sweep.add(1) }
    #expect(sweep.divergedAt == nil)
    // (0.02 (1 - 0.98^30) / 0.02 + 0.98^-1 ...): one loss of 300 lifts the average over 4, one of 30 does not.
    sweep.add(30)
    #expect(sweep.divergedAt == nil)
    let rate = sweep.next
    sweep.add(300)
    #expect(sweep.divergedAt == rate && sweep.next == nil && sweep.points.count == 32)
  }

  @Test(arguments: [Double.nan, .infinity])
  func itEndsWhereTheLossIsNoNumber(_ loss: Double) {
    var sweep = LearningRateSweep(1e-5...1, steps: 100)
    for _ in 0..<30 { sweep.add(1) }
    let rate = sweep.next
    sweep.add(loss)
    #expect(sweep.divergedAt == rate && sweep.next == nil && sweep.points.count == 30)
  }

  @Test func aLossThatDoesNotFallSuggestsNothing() {
    for slope in [0.0, 0.1] {
      let sweep = Self.sweep(1e-5...1, steps: 50) { 3 + slope * $0 }
      #expect(sweep.steepest == nil && sweep.tenthOfBest == nil)
    }
    var short = LearningRateSweep(1e-5...1, steps: 20)
    for loss in [3.0, 2, 1, .nan] { short.add(loss) }
    #expect(short.steepest == nil && short.tenthOfBest == nil)
  }
}
