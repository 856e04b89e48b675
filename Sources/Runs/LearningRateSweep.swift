import Foundation

/// The learning rate range test (Smith 2015, *Cyclical Learning Rates for Training Neural Networks*, 3.3), as fastai 2
/// does it in `lr_find`: each step has a rate that is larger than the last one's by the same factor, until all steps are
/// done or the loss has got larger than four times the best.
package struct LearningRateSweep: Sendable {
  /// What a step came to.
  package struct Point: Equatable, Sendable {
    package let learningRate: Double
    package let loss: Double
    /// The exponential moving average of the losses up to here, with its start corrected for.
    package let smoothedLoss: Double
  }

  package let rates: ClosedRange<Double>
  package let steps: Int
  /// The steps that are done, without the last one where its loss is no number.
  package private(set) var points: [Point] = []
  /// The rate at which the loss got too large; nil where it did not.
  package private(set) var divergedAt: Double?
  private var average = 0.0

  /// How much of the average a step leaves.
  package static let smoothing = 0.98
  /// How many times the best loss is too large.
  package static let tolerance = 4.0

  /// - Parameters:
  ///   - rates: the first and the last rate.
  ///   - steps: at least 2.
  package init(_ rates: ClosedRange<Double>, steps: Int) {
    precondition(rates.lowerBound > 0 && steps >= 2, "\(steps) steps at rates of \(rates)")
    (self.rates, self.steps) = (rates, steps)
  }

  /// The rate of the next step, `lowest (highest / lowest)^(done / (steps - 1))`; nil where there is none.
  package var next: Double? {
    guard divergedAt == nil, points.count < steps else { return nil }
    let share = Double(points.count) / Double(steps - 1)
    return rates.lowerBound * pow(rates.upperBound / rates.lowerBound, share)
  }

  /// Takes in the loss of the step at the rate `next`.
  package mutating func add(_ loss: Double) {
    guard let rate = next else { preconditionFailure("a loss after the last step") }
    guard loss.isFinite else {
      divergedAt = rate
      return
    }
    average = Self.smoothing * average + (1 - Self.smoothing) * loss
    let smoothed = average / (1 - pow(Self.smoothing, Double(points.count + 1)))
    points.append(Point(learningRate: rate, loss: loss, smoothedLoss: smoothed))
    let best = points.lazy.map(\.smoothedLoss).min()!
    if smoothed > Self.tolerance * best { divergedAt = rate }
  }
}

extension LearningRateSweep {
  /// What rates to take are told by: without the first tenth of all steps, where the average has few losses, and the
  /// last five, where it may be getting too large.
  private var judged: ArraySlice<Point> { points.dropFirst(steps / 10).dropLast(5) }

  /// The descent: what is judged up to the least smoothed loss.
  private var descent: ArraySlice<Point> {
    let best = judged.indices.min { judged[$0].smoothedLoss < judged[$1].smoothedLoss }
    return best.map { judged[...$0] } ?? []
  }

  /// The rate at which the smoothed loss falls most steeply over the rate's logarithm, fastai's `steep`; nil where it
  /// falls nowhere. Unlike there no descent behind the least loss counts, which is one from what a too large rate did.
  package var steepest: Double? {
    let slopes = zip(descent, descent.dropFirst()).map { point, next in
      (
        rate: point.learningRate,
        slope: (next.smoothedLoss - point.smoothedLoss) / log(next.learningRate / point.learningRate)
      )
    }
    // A loss that stays the same falls by roundings.
    return slopes.min { $0.slope < $1.slope }.flatMap { $0.slope < -1e-6 ? $0.rate : nil }
  }

  /// A tenth of the rate at which the smoothed loss is least, fastai's `minimum`; nil where the loss falls nowhere.
  package var tenthOfBest: Double? { steepest.flatMap { _ in descent.last.map { $0.learningRate / 10 } } }
}
