import Files
import Foundation
import Parallel
import Reporting
import Runs

/// Why there is no scaling study, or not a whole one.
package struct ScalingError: AgreedError, Equatable, CustomStringConvertible {
  package let description: String
}

/// The runs of one setting on several rank counts.
package struct ScalingStudy {
  package let label: String
  let directory: String
  package let kind: ScalingKind
  /// In order of ranks.
  package let points: [ScalingPoint]
  /// The times of MPI_Allreduce, by measurement.
  let allReduceTimes: [AllReduceTimes]
  /// Run directories that are no completed runs, and what they are.
  let leftOut: [String]

  var first: ScalingRun { points[0].runs[0] }

  /// What a step has to do.
  var workload: StepModel.Workload {
    let record = first.record
    let bytes = record.modelParameters * MemoryLayout<Float>.stride
    let bucket = record.configuration.bucketKilobytes * 1024
    return StepModel.Workload(
      kind: kind, batch: kind == .strong ? record.globalBatch : record.globalBatch / record.worldSize,
      // A default micro-batch goes by a rank's share.
      fixedMicroBatch: record.configuration.microBatch, gradientBytes: bytes,
      buckets: (bytes + bucket - 1) / bucket)
  }

  /// How the runs sum gradients over the ranks.
  var reduction: Reduction { first.record.configuration.reduction }
}

/// The repeats on one rank count.
package struct ScalingPoint {
  package let ranks: Int
  let runs: [ScalingRun]

  package var isOversubscribed: Bool { runs.contains(where: \.isOversubscribed) }
  var imagesPerSecond: Double { median(runs.map(\.imagesPerSecond)) }
}

extension ScalingStudy {
  /// The studies in a directory of run directories: one, or one of each kind.
  ///
  /// - Throws: `ScalingError` where there are no completed runs, or runs that cannot be compared.
  package static func read(_ directory: String) throws -> [ScalingStudy] {
    let directory = withoutSlash(directory)
    let names = try entries(of: directory)
    if names.contains("run.json") {
      throw ScalingError(
        description: "\(directory): expected a directory of run directories, found one run: name its parent")
    }
    var (runs, leftOut): ([(kind: ScalingKind?, run: ScalingRun)], [String]) = ([], [])
    for name in names where isRegularFile("\(directory)/\(name)/run.json") {
      let path = "\(directory)/\(name)"
      let record = try RunRecord(inDirectory: path)
      guard record.status == .completed else {
        leftOut.append("\(path) is \(record.state)")
        continue
      }
      runs.append((kind(ofRunNamed: name), try ScalingRun(directory: path, record)))
    }
    guard !runs.isEmpty else {
      throw ScalingError(
        description: "\(directory): expected completed runs, one a directory, found "
          + (leftOut.isEmpty ? "none" : "none: \(leftOut.joined(separator: ", "))")
          + "; a scaling run into this directory makes them")
    }
    let times = try names.filter { $0.hasSuffix(allReduceSuffix) }.map { name in
      try decodeFile(AllReduceTimes.self, "\(directory)/\(name)", as: "a benchmark of MPI_Allreduce as JSON")
    }
    let named = Dictionary(grouping: runs, by: \.kind)
    let label = StudyDescription.read(from: directory)?.label ?? lastComponent(directory)
    let groups = named.keys.sorted { ($0?.rawValue ?? "") < ($1?.rawValue ?? "") }
    return try groups.map { group in
      let runs = named[group]!.map(\.run)
      return try ScalingStudy(
        label: groups.count > 1 ? "\(label), \(group?.rawValue ?? "other")" : label, directory,
        group ?? kind(of: runs), runs, times, leftOut)
    }
  }

  package static let allReduceSuffix = "-allreduce.json"

  /// The name that `scaling run` gives a run.
  package static func runName(_ kind: ScalingKind, ranks: Int, repetition: Int) -> String {
    "\(runNames(kind))\(String(format: "%04d", ranks))-repeat-\(repetition)"
  }

  /// What these names begin with.
  static func runNames(_ kind: ScalingKind) -> String { "\(kind.rawValue)-ranks-" }

  private static func kind(ofRunNamed name: String) -> ScalingKind? {
    ScalingKind.allCases.first { name.hasPrefix(runNames($0)) }
  }

  /// By the batches.
  private static func kind(of runs: [ScalingRun]) -> ScalingKind {
    Set(runs.map(\.record.globalBatch)).count == 1 ? .strong : .weak
  }

  private init(
    label: String, _ directory: String, _ kind: ScalingKind, _ runs: [ScalingRun], _ times: [AllReduceTimes],
    _ leftOut: [String]
  ) throws {
    try Self.requireSameSettings(runs, kind)
    try Self.requireSameOptions(runs)
    self.label = label
    self.directory = directory
    self.kind = kind
    points = Dictionary(grouping: runs, by: \.ranks).sorted { $0.key < $1.key }.map {
      ScalingPoint(ranks: $0.key, runs: $0.value)
    }
    allReduceTimes = times
    self.leftOut = leftOut
  }

  /// Runs that differ in more than their ranks show no scaling.
  private static func requireSameSettings(_ runs: [ScalingRun], _ kind: ScalingKind) throws {
    let first = runs[0]
    for run in runs.dropFirst() {
      for (mine, others) in zip(settings(first, kind), settings(run, kind)) where mine.value != others.value {
        throw ScalingError(
          description: "expected runs that differ in their ranks alone, found \(mine.name) \(mine.value) in "
            + "\(first.directory) and \(others.value) in \(run.directory)")
      }
    }
  }

  private static func requireSameOptions(_ runs: [ScalingRun]) throws {
    let first = try SpeedSettings(runs[0].record.configuration)
    for run in runs.dropFirst() {
      if let found = first.difference(from: try SpeedSettings(run.record.configuration)) {
        throw ScalingError(
          description: "expected runs that differ in their ranks alone, found \(found.name) \(found.here) in "
            + "\(runs[0].directory) and \(found.there) in \(run.directory)")
      }
    }
  }

  private static func settings(_ run: ScalingRun, _ kind: ScalingKind) -> [(name: String, value: String)] {
    let record = run.record
    // Weak: of a rank, exact or not.
    let batch =
      kind == .strong
      ? "\(record.globalBatch)" : shortest(Double(record.globalBatch) / Double(record.worldSize))
    return [
      ("model", record.model), ("parameters", "\(record.modelParameters)"),
      ("threads a rank", "\(record.threads)"),
      (kind == .strong ? "global batch" : "batch a rank", batch),
      ("MPI", record.environment.mpi), ("BLAS kernel", record.environment.blasKernel),
    ]
  }

  private static func entries(of directory: String) throws(ScalingError) -> [String] {
    do { return try FileManager.default.contentsOfDirectory(atPath: directory).sorted() } catch {
      let reason =
        access(directory, F_OK) == 0 ? "something else, or one that cannot be read" : "none"
      throw ScalingError(description: "\(directory): expected a directory of runs, found \(reason)")
    }
  }
}

/// `study.json`: what `scaling run` was asked for.
package struct StudyDescription: Codable {
  package static let name = "study.json"

  package let label: String
  package let kind: ScalingKind
  package let ranks: [Int]
  package let repeats: Int
  package let launcher: String
  /// What each run got from the command line.
  package let trainArguments: [String]

  /// Nil where there is none, as in a directory of runs that were made by hand.
  static func read(from directory: String) -> StudyDescription? {
    try? decodeFile(Self.self, "\(directory)/\(name)", as: "a study's description")
  }
}

func lastComponent(_ path: String) -> String {
  URL(fileURLWithPath: path).standardizedFileURL.lastPathComponent
}
