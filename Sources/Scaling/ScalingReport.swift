import Files
import Foundation
import Reporting

/// `scaling.json`: the studies of a report, with their models. The keys are these names in snake case.
package struct ScalingReport: Encodable {
  package let version: String
  package let studies: [Study]

  package struct Study: Encodable {
    package let label: String
    let directory: String
    package let kind: ScalingKind
    let model: String
    let modelParameters: Int
    let threadsPerRank: Int
    /// Images a step: of the world under strong scaling, of a rank under weak.
    let batch: Int
    let cpu: String
    let mpi: String
    let blas: String
    package let points: [Point]
    /// Nil where `missing` says what it lacks.
    let fit: StepModel?
    let scatter: FittedStudy.Scatter?
    let projection: [FittedStudy.Projected]
    /// The smallest rank count on which waiting takes half of a step; nil without a projection, or beyond.
    let halfCommunicationRanks: Int?
    let leaveOneOut: [FittedStudy.Check]
    let misfit: FittedStudy.Misfit
    let missing: [String]
    package let leftOut: [String]
  }

  /// A rank count.
  package struct Point: Encodable {
    package let ranks: Int
    package let hosts: Int
    package let isOversubscribed: Bool
    /// Median of the repeats.
    package let imagesPerSecond: Double
    /// 95 % confidence interval of their geometric mean, by Student's t; nil for one repeat.
    package let imagesPerSecondLow: Double?
    package let imagesPerSecondHigh: Double?
    /// Over one rank; where that was not run, over the smallest rank count's speed a rank.
    package let speedup: Double
    package let efficiency: Double
    /// Medians.
    package let step: StepSeconds
    package let runs: [Run]
  }

  package struct Run: Encodable {
    let directory: String
    let imagesPerSecond: Double
    let step: StepSeconds
  }

  /// Reads studies, each once however its directory is spelt, and fits the model to each.
  ///
  /// - Throws: `ScalingError`, `FileError` or `MetricsFileError`.
  package init(of directories: [String], version: String) throws {
    self.version = version
    var seen: Set<String> = []
    let read = try directories.filter { seen.insert(destination($0)).inserted }
      .flatMap { try ScalingStudy.read($0) }
    studies = read.map { study in
      // Studies of the same name are told apart by their directories.
      let isAlone = read.count { $0.label == study.label } == 1
      return Study(FittedStudy(study), label: isAlone ? study.label : "\(study.label) (\(study.directory))")
    }
  }

  package func json() throws -> [UInt8] { try prettyJSON(self) }
}

/// Where a path leads to; itself where that is nothing.
private func destination(_ path: String) -> String {
  guard let found = realpath(path, nil) else { return path }
  defer { free(found) }
  return String(cString: found)
}

extension ScalingReport.Study {
  init(_ fitted: FittedStudy, label: String) {
    let study = fitted.study
    let record = study.first.record
    self.label = label
    directory = study.directory
    kind = study.kind
    model = record.model
    modelParameters = record.modelParameters
    threadsPerRank = record.threads
    batch = study.workload.batch
    cpu = record.environment.cpu
    mpi = record.environment.mpi
    blas = "\(record.environment.blas), \(record.environment.blasKernel) kernel"
    let base = study.points[0]
    let speedOfOne = base.imagesPerSecond / Double(base.ranks)
    points = study.points.map { ScalingReport.Point($0, speedOfOne: speedOfOne) }
    fit = fitted.model
    scatter = fitted.scatter
    projection = fitted.projection
    halfCommunicationRanks =
      projection.isEmpty ? nil : fitted.model?.halfCommunicationRanks(upTo: FittedStudy.horizon)
    leaveOneOut = fitted.checks
    misfit = fitted.misfit
    missing = fitted.missing
    leftOut = study.leftOut
  }
}

extension ScalingReport.Point {
  init(_ point: ScalingPoint, speedOfOne: Double) {
    ranks = point.ranks
    hosts = Set(point.runs[0].record.environment.hosts).count
    isOversubscribed = point.isOversubscribed
    imagesPerSecond = point.imagesPerSecond
    let interval = confidenceInterval(point.runs.map(\.imagesPerSecond))
    imagesPerSecondLow = interval?.lowerBound
    imagesPerSecondHigh = interval?.upperBound
    speedup = point.imagesPerSecond / speedOfOne
    efficiency = speedup / Double(point.ranks)
    func middle(_ part: (StepSeconds) -> Double) -> Double { median(point.runs.map { part($0.step) }) }
    let hidden = point.runs.compactMap(\.step.hidden)
    step = StepSeconds(
      total: middle(\.total), compute: middle(\.compute), communication: middle(\.communication),
      data: middle(\.data), hidden: hidden.count == point.runs.count ? median(hidden) : nil)
    runs = point.runs.map {
      ScalingReport.Run(directory: $0.directory, imagesPerSecond: $0.imagesPerSecond, step: $0.step)
    }
  }
}
