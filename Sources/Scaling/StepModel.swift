/// The time of a training step on P ranks:
///
///     T(P) = a b(P) + s + v c(P)
///
/// - a b(P): computing the b(P) images of the busiest rank. Strong scaling: b = G / P, in whole images or
///   micro-batches. Weak: b is the same on any P.
/// - s: the serial share, what does not shrink with the images (Amdahl 1967). Under weak scaling nothing
///   tells it from a b, which it is a part of then.
/// - v c(P): c(P) is the reduction of the gradients by `AllReduceModel`, in buckets, and v the part of it that
///   is waited for; 1 - v is hidden behind the backward pass. v above 1 says that waiting in training takes
///   longer than the reduction alone: for slower ranks.
///
/// Every run says how long it waited, so that v is found from the waiting and a and s from the rest, each by
/// least squares of the errors relative to the step's time, with numbers of at least 0. So two rank counts
/// are enough for a fit and three for checking it; a hidden time of its own for each P, or jitter, would
/// take more points than people measure.
package struct StepModel: Encodable, Equatable, Sendable {
  package let workload: Workload
  package let allReduce: AllReduceModel
  /// a.
  package let secondsPerImage: Double
  /// s; nil under weak scaling.
  package let serialSeconds: Double?
  /// v.
  package let visibleShare: Double
  /// Root mean square of (model - measured) / measured over the rank counts of the fit.
  package private(set) var relativeError = 0.0

  /// What a step has to do.
  package struct Workload: Encodable, Equatable, Sendable {
    package var kind: ScalingKind
    /// Images a step: of the world under strong scaling, of a rank under weak.
    package var batch: Int
    /// Where it does not shrink with a rank's share.
    package var fixedMicroBatch: Int?
    package var gradientBytes: Int
    /// Pieces in which the gradients are reduced.
    package var buckets: Int

    package init(
      kind: ScalingKind, batch: Int, fixedMicroBatch: Int?, gradientBytes: Int, buckets: Int
    ) {
      self.kind = kind
      self.batch = batch
      self.fixedMicroBatch = fixedMicroBatch
      self.gradientBytes = gradientBytes
      self.buckets = buckets
    }

    package func globalBatch(_ ranks: Int) -> Int { kind == .strong ? batch : batch * ranks }

    /// Images of the busiest rank.
    package func imagesPerRank(_ ranks: Int) -> Int {
      let whole = globalBatch(ranks)
      guard let fixedMicroBatch else { return (whole + ranks - 1) / ranks }
      let microBatches = (whole + fixedMicroBatch - 1) / fixedMicroBatch
      return min((microBatches + ranks - 1) / ranks * fixedMicroBatch, whole)
    }
  }

  /// A rank count of a fit: medians over its repeats.
  struct Point {
    let ranks: Int
    let total: Double
    let communication: Double
  }

  package func computeSeconds(_ ranks: Int) -> Double {
    secondsPerImage * Double(workload.imagesPerRank(ranks)) + (serialSeconds ?? 0)
  }

  /// Seconds of waiting.
  func communicationSeconds(_ ranks: Int) -> Double {
    visibleShare
      * allReduce.seconds(bytes: Double(workload.gradientBytes), buckets: workload.buckets, ranks: ranks)
  }

  package func stepSeconds(_ ranks: Int) -> Double { computeSeconds(ranks) + communicationSeconds(ranks) }

  package func imagesPerSecond(_ ranks: Int) -> Double {
    Double(workload.globalBatch(ranks)) / stepSeconds(ranks)
  }

  /// The smallest rank count up to `limit` on which waiting takes at least half of a step; nil beyond.
  package func halfCommunicationRanks(upTo limit: Int) -> Int? {
    (2...limit).first { communicationSeconds($0) >= computeSeconds($0) }
  }
}

/// What a fit or a check lacks.
struct MissingMeasurement: Error, CustomStringConvertible {
  let description: String
}

extension StepModel {
  /// - Throws: `MissingMeasurement` where the points do not determine the model.
  init(
    fitting points: [Point], _ allReduceTimes: [AllReduceModel.Row], _ workload: Workload
  ) throws(MissingMeasurement) {
    try Self.check(points, allReduceTimes, workload)
    let allReduce = AllReduceModel(fitting: allReduceTimes)
    let isStrong = workload.kind == .strong
    let compute = nonNegativeLeastSquares(
      points.map { point in
        (
          x: Double(workload.imagesPerRank(point.ranks)), y: isStrong ? 1 : 0,
          z: point.total - point.communication, weight: 1 / point.total
        )
      })
    let waiting = nonNegativeLeastSquares(
      points.filter { $0.ranks > 1 }.map { point in
        let whole = allReduce.seconds(
          bytes: Double(workload.gradientBytes), buckets: workload.buckets, ranks: point.ranks)
        return (x: whole, y: 0, z: point.communication, weight: 1 / point.total)
      })
    self.workload = workload
    self.allReduce = allReduce
    secondsPerImage = compute.a
    serialSeconds = isStrong ? compute.b : nil
    visibleShare = waiting.a
    let squares = points.reduce(0) { sum, point in
      let error = stepSeconds(point.ranks) / point.total - 1
      return sum + error * error
    }
    relativeError = (squares / Double(points.count)).squareRoot()
  }

  private static func check(
    _ points: [Point], _ allReduceTimes: [AllReduceModel.Row], _ workload: Workload
  ) throws(MissingMeasurement) {
    let counts = points.map { "\($0.ranks)" }.joined(separator: ", ")
    guard points.count > 1 else {
      throw MissingMeasurement(
        description: "expected runs on 2 or more rank counts that are not oversubscribed, found "
          + (points.isEmpty ? "none" : "\(points.count) (ranks \(counts))"))
    }
    if workload.kind == .strong {
      guard Set(points.map { workload.imagesPerRank($0.ranks) }).count > 1 else {
        throw MissingMeasurement(
          description: "expected rank counts with different numbers of images a rank, found "
            + "\(workload.imagesPerRank(points[0].ranks)) on each of ranks \(counts): the global batch is too small"
        )
      }
    }
    guard Set(allReduceTimes.map(\.bytes)).count > 1 else {
      throw MissingMeasurement(
        description: "expected times of MPI_Allreduce on ranks that are not oversubscribed, found none; "
          + "benchmarks of it belong beside the runs, as NAME\(ScalingStudy.allReduceSuffix)")
    }
  }
}
