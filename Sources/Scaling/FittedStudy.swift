import Foundation
import Tensors

/// A study with what the model says of it.
package struct FittedStudy {
  package let study: ScalingStudy
  /// Nil where the runs do not determine it.
  package let model: StepModel?
  /// How far the model's numbers scatter with the repeats; nil without a model.
  package let scatter: Scatter?
  /// On 1, 2, 4, ... 1024 ranks; empty without a model, or with one that cannot predict.
  package let projection: [Projected]
  package let checks: [Check]
  /// How far off the model is on a rank count that it has not seen, as the band takes it.
  package let misfit: Misfit
  /// What is missing for a fit, a check or a projection, or speaks against the model.
  package let missing: [String]

  /// The largest rank count of the projection.
  package static let horizon = 1024

  /// Where there are too few rank counts to find out how far off the model is.
  fileprivate static let assumedMisfit = 0.1

  /// 2.5 % and 97.5 % quantiles over fits to resampled repeats (bootstrap, Efron 1979).
  package struct Scatter: Encodable, Equatable {
    package struct Interval: Encodable, Equatable {
      package let low: Double
      package let high: Double
    }
    package let secondsPerImage: Interval
    package let serialSeconds: Interval
    package let visibleShare: Interval
  }

  package struct Projected: Encodable, Equatable {
    package let ranks: Int
    package let imagesPerSecond: Double
    package let low: Double
    package let high: Double
    /// The share of a step that is communication.
    package let communicationShare: Double
  }

  /// A rank count that was left out of the fit.
  package struct Check: Encodable, Equatable {
    package let ranks: Int
    package let measuredImagesPerSecond: Double
    package let predictedImagesPerSecond: Double
    /// Predicted over measured, less 1.
    package let error: Double
  }

  package struct Misfit: Encodable, Equatable {
    package let relativeError: Double
    package let isAssumed: Bool

    package init(relativeError: Double, isAssumed: Bool) {
      self.relativeError = relativeError
      self.isAssumed = isAssumed
    }
  }
}

/// The measurements that models are fitted to: those that are not oversubscribed.
private struct Measurements {
  var points: [(ranks: Int, steps: [StepSeconds])]
  var allReduces: [(ranks: Int, times: [AllReduceModel.Row])]

  init(_ study: ScalingStudy) {
    points = study.points.filter { !$0.isOversubscribed }.map { ($0.ranks, $0.runs.map(\.step)) }
    allReduces = study.allReduceTimes.filter { !$0.isOversubscribed && $0.ranks > 1 }.map { times in
      (times.ranks, times.sizes.map { (times.ranks, $0.bytes, $0.microseconds / 1e6) })
    }
  }

  func fit(_ workload: StepModel.Workload) throws(MissingMeasurement) -> StepModel {
    try StepModel(
      fitting: points.map { point in
        StepModel.Point(
          ranks: point.ranks, total: median(point.steps.map(\.total)),
          communication: median(point.steps.map(\.communication)))
      }, allReduces.flatMap(\.times), workload)
  }

  /// Without a rank count, in training and MPI_Allreduce.
  func without(_ ranks: Int) -> Measurements {
    var rest = self
    rest.points.removeAll { $0.ranks == ranks }
    rest.allReduces.removeAll { $0.ranks == ranks }
    return rest
  }

  /// As many repeats of each rank count, drawn with replacement.
  func resampled(_ random: inout RandomStream) -> Measurements {
    func draw<Value>(_ values: [Value]) -> [Value] {
      values.map { _ in values[Int(random.next() % UInt32(values.count))] }
    }
    var sample = self
    for index in points.indices { sample.points[index].steps = draw(points[index].steps) }
    let byRanks = Dictionary(grouping: allReduces, by: \.ranks)
    sample.allReduces = byRanks.keys.sorted().flatMap { draw(byRanks[$0]!) }
    return sample
  }
}

extension FittedStudy {
  package init(_ study: ScalingStudy) {
    self.study = study
    let (measurements, workload) = (Measurements(study), study.workload)
    var missing: [String] = []
    do throws(MissingMeasurement) {
      try study.requireAllReduce()
      model = try measurements.fit(workload)
    } catch {
      (model, scatter, projection, checks) = (nil, nil, [], [])
      misfit = Misfit(relativeError: Self.assumedMisfit, isAssumed: true)
      self.missing = ["no model: \(error)"]
      return
    }
    checks = Self.check(measurements, workload)
    misfit = Misfit(checks, of: model!)
    if checks.isEmpty {
      missing.append(
        "no check by a rank count left out of the fit: expected 3 or more that are not oversubscribed, found "
          + "\(measurements.points.count); the model is taken to be "
          + "\(wholePercent(misfit.relativeError)) off instead")
    }
    let fits = Self.resampledFits(measurements, workload)
    scatter = Scatter(fits)
    let obstacles = Self.obstacles(model!, misfit)
    projection =
      obstacles.isEmpty
      ? Self.project(model!, fits, from: measurements.points.map(\.ranks).max()!, misfit) : []
    missing += obstacles.map { "no projection: \($0)" }
    if measurements.points.allSatisfy({ $0.steps.count < 2 }) {
      missing.append("no scatter: expected 2 or more repeats of a rank count, found 1")
    }
    self.missing = missing
  }

  /// Predicts each rank count from the others, as far as these determine a model with a rank count to spare.
  private static func check(_ measurements: Measurements, _ workload: StepModel.Workload) -> [Check] {
    guard measurements.points.count > 2 else { return [] }
    return measurements.points.compactMap { point in
      guard let model = try? measurements.without(point.ranks).fit(workload) else { return nil }
      let measured = Double(workload.globalBatch(point.ranks)) / median(point.steps.map(\.total))
      let predicted = model.imagesPerSecond(point.ranks)
      return Check(
        ranks: point.ranks, measuredImagesPerSecond: measured, predictedImagesPerSecond: predicted,
        error: predicted / measured - 1)
    }
  }

  private static func resampledFits(
    _ measurements: Measurements, _ workload: StepModel.Workload
  ) -> [StepModel] {
    var random = RandomStream(seed: 1, purpose: .benchmark)
    return (0..<500).compactMap { _ in try? measurements.resampled(&random).fit(workload) }
  }

  /// The model on powers of two with a 95 % band: a factor exp(+-1.96 sigma) with
  ///
  ///     sigma^2 = scatter^2 + (misfit (1 + d))^2 + (allreduce q)^2
  ///
  /// where scatter is the standard deviation of log T over fits to resampled repeats, d the doublings from
  /// the largest rank count of the fit: each one may do again what the model does not know of; allreduce is the
  /// relative error of its model, and q the share of the step that is predicted by that.
  private static func project(
    _ model: StepModel, _ fits: [StepModel], from largest: Int, _ misfit: Misfit
  ) -> [Projected] {
    sequence(first: 1) { $0 * 2 }.prefix { $0 <= horizon }.map { ranks in
      let scatter = standardDeviation(fits.map { log($0.stepSeconds(ranks)) })
      let doublings = max(log2(Double(ranks) / Double(largest)), 0)
      let unknown = misfit.relativeError * (1 + doublings)
      let share = model.communicationSeconds(ranks) / model.stepSeconds(ranks)
      let allReduce = model.allReduce.relativeError * share
      let sigma = (scatter * scatter + unknown * unknown + allReduce * allReduce).squareRoot()
      let speed = model.imagesPerSecond(ranks)
      return Projected(
        ranks: ranks, imagesPerSecond: speed, low: speed * exp(-1.96 * sigma),
        high: speed * exp(1.96 * sigma), communicationShare: share)
    }
  }
}

extension FittedStudy.Misfit {
  /// The root mean square error on the rank counts left out, or what is assumed without any; at least that on
  /// the rank counts of the fit.
  fileprivate init(_ checks: [FittedStudy.Check], of model: StepModel) {
    let squares = checks.reduce(0) { $0 + $1.error * $1.error }
    let unseen =
      checks.isEmpty ? FittedStudy.assumedMisfit : (squares / Double(checks.count)).squareRoot()
    relativeError = max(unseen, model.relativeError)
    isAssumed = checks.isEmpty
  }
}

extension FittedStudy.Scatter {
  fileprivate init?(_ fits: [StepModel]) {
    guard !fits.isEmpty else { return nil }
    func interval(_ number: (StepModel) -> Double) -> Interval {
      let sorted = fits.map(number).sorted()
      func quantile(_ share: Double) -> Double { sorted[Int((share * Double(sorted.count - 1)).rounded())] }
      return Interval(low: quantile(0.025), high: quantile(0.975))
    }
    secondsPerImage = interval(\.secondsPerImage)
    serialSeconds = interval { $0.serialSeconds ?? 0 }
    visibleShare = interval(\.visibleShare)
  }
}
