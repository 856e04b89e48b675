import Foundation
import Scaling
import TestSupport
import Testing

/// Studies that follow a known law: the fit has to find it.
@Suite struct ModelTests {
  private func fitted(_ synthetic: SyntheticStudy) throws -> FittedStudy {
    try withTemporaryDirectory { directory in
      try synthetic.write(to: directory)
      return FittedStudy(try ScalingStudy.read(directory)[0])
    }
  }

  private func isClose(_ value: Double?, _ expected: Double, _ tolerance: Double) -> Bool {
    abs((value ?? .nan) / expected - 1) <= tolerance
  }

  /// Without noise every number is found, and so are the law's predictions.
  @Test(arguments: [ScalingKind.strong, .weak])
  func theLawIsFound(_ kind: ScalingKind) throws {
    let law = SyntheticStudy(kind: kind, batch: kind == .strong ? 1024 : 64)
    let study = try fitted(law)
    let model = try #require(study.model)
    #expect(isClose(model.allReduce.latency, law.latency, 1e-9))
    #expect(isClose(model.allReduce.bandwidth, law.bandwidth, 1e-9))
    #expect(isClose(model.visibleShare, law.visibleShare, 1e-9))
    if kind == .strong {
      #expect(isClose(model.secondsPerImage, law.secondsPerImage, 1e-9))
      #expect(isClose(model.serialSeconds, law.serialSeconds, 1e-6))
    } else {
      #expect(model.serialSeconds == nil)
      #expect(isClose(model.secondsPerImage * 64, law.computeSeconds(1), 1e-9))
    }
    #expect(study.projection.map(\.ranks) == (0...10).map { 1 << $0 })
    for row in study.projection {
      #expect(isClose(row.imagesPerSecond, law.imagesPerSecond(row.ranks), 1e-6))
      let step = law.computeSeconds(row.ranks) + law.waitingSeconds(row.ranks)
      #expect(abs(row.communicationShare - law.waitingSeconds(row.ranks) / step) < 1e-6)
    }
    #expect(study.checks.map(\.ranks) == law.ranks)
    #expect(study.checks.allSatisfy { abs($0.error) < 1e-6 } && study.missing.isEmpty)
    #expect(model.relativeError < 1e-6 && model.allReduce.relativeError < 1e-9)
    #expect(model.halfCommunicationRanks(upTo: 1024) == law.halfCommunicationRanks())
    #expect((law.halfCommunicationRanks() == nil) == (kind == .weak))
  }

  /// 2 % of noise on every time.
  @Test(arguments: [ScalingKind.strong, .weak])
  func theLawIsFoundInNoise(_ kind: ScalingKind) throws {
    let law = SyntheticStudy(kind: kind, repeats: 5, batch: kind == .strong ? 1024 : 64, noise: 0.02)
    let study = try fitted(law)
    let model = try #require(study.model)
    #expect(isClose(model.allReduce.latency, law.latency, 0.02))
    #expect(isClose(model.allReduce.bandwidth, law.bandwidth, 0.02))
    #expect(isClose(model.visibleShare, law.visibleShare, 0.03))
    #expect(isClose(model.computeSeconds(1), law.computeSeconds(1), 0.02))
    if kind == .strong { #expect(isClose(model.serialSeconds, law.serialSeconds, 0.15)) }
    for row in study.projection {
      let truth = law.imagesPerSecond(row.ranks)
      #expect(row.low <= truth && truth <= row.high, "\(row.ranks) ranks: \(row), the law has \(truth)")
      #expect(row.low < row.imagesPerSecond && row.imagesPerSecond < row.high)
    }
    #expect(!study.misfit.isAssumed && study.misfit.relativeError < 0.03)
    #expect(study.checks.count == 5 && study.checks.allSatisfy { abs($0.error) < 0.05 })
    // Wider with every doubling beyond the last measured one.
    let widths = study.projection.map { log($0.high / $0.low) }
    #expect(zip(widths.dropFirst(4), widths.dropFirst(5)).allSatisfy { $0 < $1 })
    if let half = law.halfCommunicationRanks() {
      let found = try #require(model.halfCommunicationRanks(upTo: 1024))
      #expect(abs(log2(Double(found) / Double(half))) < 0.6, "\(found), the law has \(half)")
    }
  }

  /// Oversubscribed points are told, and change nothing of the fit.
  @Test func oversubscribedPointsAreNotFitted() throws {
    let law = SyntheticStudy(ranks: [1, 2, 4, 8], noise: 0.02, cores: 8)
    var more = law
    more.ranks = [1, 2, 4, 8, 16, 32]
    let (without, with) = (try fitted(law), try fitted(more))
    #expect(with.study.points.map(\.isOversubscribed) == [false, false, false, false, true, true])
    #expect(with.model == without.model && with.projection == without.projection)
    #expect(with.checks == without.checks)
  }

  @Test(arguments: [
    (SyntheticStudy(ranks: [2]), "no model: expected runs on 2 or more rank counts"),
    (SyntheticStudy(ranks: [1, 2, 4], cores: 1), "found 1 (ranks 1)"),
    (SyntheticStudy(ranks: [2, 4], cores: 1), "that are not oversubscribed, found none"),
    (SyntheticStudy(ranks: [4, 8], batch: 3), "1 on each of ranks 4, 8: the global batch is too small"),
  ])
  func whatIsMissingIsSaid(_ synthetic: SyntheticStudy, _ expected: String) throws {
    let study = try fitted(synthetic)
    #expect(study.model == nil && study.projection.isEmpty && study.checks.isEmpty)
    #expect(study.missing.count == 1 && study.missing[0].contains(expected), "\(study.missing)")
  }

  /// Two rank counts make a model, but none to check it by.
  @Test func twoRankCountsAreFittedButNotChecked() throws {
    let law = SyntheticStudy(ranks: [1, 2], repeats: 1)
    let study = try fitted(law)
    #expect(isClose(study.model?.secondsPerImage, law.secondsPerImage, 1e-6))
    #expect(study.checks.isEmpty && study.misfit == FittedStudy.Misfit(relativeError: 0.1, isAssumed: true))
    #expect(study.missing.count == 2)
    #expect(study.missing[0].contains("expected 3 or more that are not oversubscribed, found 2"))
    #expect(study.missing[1].contains("no scatter: expected 2 or more repeats"))
  }

  /// A model that fails its checks makes no projection.
  @Test func aModelThatIsFarOffPredictsNothing() throws {
    var law = SyntheticStudy(ranks: [1, 2, 4])
    try withTemporaryDirectory { directory in
      try law.write(to: directory)
      (law.ranks, law.secondsPerImage) = ([8, 16], 400e-6)
      try law.write(to: directory)
      let study = FittedStudy(try ScalingStudy.read(directory)[0])
      #expect(study.model != nil && study.checks.count == 5 && study.projection.isEmpty)
      #expect(study.missing.count == 1 && study.missing[0].hasPrefix("no projection: the model is "))
    }
  }

  /// The model can be far off without a check, as where one rank alone computes at another speed.
  @Test func twoRankCountsMayDisagree() throws {
    var law = SyntheticStudy(kind: .weak, ranks: [1], batch: 64)
    try withTemporaryDirectory { directory in
      try law.write(to: directory)
      (law.ranks, law.secondsPerImage) = ([2], 60e-6)
      try law.write(to: directory)
      let mild = FittedStudy(try ScalingStudy.read(directory)[0])
      #expect(mild.misfit.isAssumed && mild.misfit.relativeError == mild.model?.relativeError)
      #expect(mild.misfit.relativeError > 0.1 && !mild.projection.isEmpty)
      law.secondsPerImage = 160e-6
      try law.write(to: directory)
      let study = FittedStudy(try ScalingStudy.read(directory)[0])
      #expect(study.projection.isEmpty && study.missing.count == 2)
      #expect(study.missing[1].contains("on its own rank counts"), "\(study.missing)")
    }
  }

  /// Where the ranks wait for one another, or the allreduce follows no latency and bandwidth, the model says
  /// nothing of other rank counts.
  @Test(arguments: [
    (SyntheticStudy(visibleShare: 4), "waiting takes 4.0 times the allreduce alone, more than 3: ranks wait"),
    (SyntheticStudy(unevenness: 12), "the model of the allreduce is 62 % off on the sizes and rank counts"),
  ])
  func aModelWithoutMeaningPredictsNothing(_ synthetic: SyntheticStudy, _ expected: String) throws {
    let study = try fitted(synthetic)
    #expect(study.model != nil && study.projection.isEmpty)
    #expect(
      study.missing.count == 1 && study.missing[0].hasPrefix("no projection: \(expected)"), "\(study.missing)"
    )
  }

  /// 7 factors of 1 and 6 of 1.3 are least off from 1.10, by 13 %: that widens the band where waiting
  /// has a share in the step.
  @Test func theBandKnowsOfTheAllReduce() throws {
    let study = try fitted(SyntheticStudy(unevenness: 1.3))
    let error = try #require(study.model).allReduce.relativeError
    #expect(abs(error - 0.13) < 0.01 && study.projection.count == 11)
    for row in study.projection {
      let sigma = log(row.high / row.low) / (2 * 1.96)
      #expect(sigma >= 0.999 * error * row.communicationShare, "\(row)")
    }
  }

  /// Other reductions than MPI_Allreduce are measured, but not modelled.
  @Test(arguments: [
    ("reproducible", "true", "reproducible: the same bits on any number"),
    ("compression", #""bf16""#, "gradients as bf16"), ("hierarchical", "true", "within hosts first"),
  ])
  func onlyMPIAllreduceIsModelled(_ option: String, _ value: String, _ named: String) throws {
    var synthetic = SyntheticStudy()
    synthetic.options[option] = value
    try withTemporaryDirectory { directory in
      try synthetic.write(to: directory)
      let fitted = FittedStudy(try ScalingStudy.read(directory)[0])
      #expect(fitted.model == nil && fitted.projection.isEmpty && fitted.checks.isEmpty)
      let reason = "no model: it knows the sums of MPI_Allreduce alone, these runs sum otherwise: \(named)"
      #expect(fitted.missing.count == 1 && fitted.missing[0].hasPrefix(reason), "\(fitted.missing)")
      let report = try ScalingReport(of: [directory], version: "1").studies[0]
      #expect(report.points.map(\.ranks) == synthetic.ranks && report.points[1].speedup > 1)
      let text = report.text.split { $0.isWhitespace }.joined(separator: " ")
      #expect(text.contains("these runs sum otherwise: \(named)"), "\(text)")
    }
  }

  @Test func timesOfMPIAllreduceAreNeeded() throws {
    try withTemporaryDirectory { directory in
      try SyntheticStudy(ranks: [1, 2, 4], repeats: 1).write(to: directory)
      for name in try FileManager.default.contentsOfDirectory(atPath: directory)
      where name.hasSuffix(ScalingStudy.allReduceSuffix) {
        try FileManager.default.removeItem(atPath: "\(directory)/\(name)")
      }
      let study = FittedStudy(try ScalingStudy.read(directory)[0])
      #expect(study.model == nil && study.missing[0].contains("benchmarks of it belong beside the runs"))
    }
  }

  /// With a micro-batch that does not shrink, the busiest rank has whole ones.
  @Test func wholeMicroBatchesAreShared() {
    var work = StepModel.Workload(
      kind: .strong, batch: 100, fixedMicroBatch: nil, gradientBytes: 4, buckets: 1)
    #expect([1, 3, 8, 200].map(work.imagesPerRank) == [100, 34, 13, 1])
    work.fixedMicroBatch = 16
    // 7 micro-batches: 7, 3, 1 and 1 for the busiest rank.
    #expect([1, 3, 8, 200].map(work.imagesPerRank) == [100, 48, 16, 16])
    work.kind = .weak
    #expect([1, 3].map(work.globalBatch) == [100, 300])
  }
}
