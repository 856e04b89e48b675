import Files
import Foundation
import Parallel
import Reporting
import Runs
import System

/// Runs a study: a job for each rank count and repeat, one after the other. Repeats are outermost, so that a
/// drift of the machine hits all rank counts alike.
package final class StudyRunner {
  private let plan: StudyPlan
  private let directory: String
  private let program: String
  /// Says what tells two configurations apart; nil where nothing does.
  private let difference: (TrainingConfiguration, TrainingConfiguration) -> String?
  private let console = Console()
  private let environment = ProcessInfo.processInfo.environment
  /// As mpirun counts them.
  private let cores: Int
  /// Images a second by ranks.
  private var speeds: [Int: [Double]] = [:]
  /// Rank counts on which a run failed, which are not tried again.
  private var failed: Set<Int> = []
  private var failures = 0
  private var (done, seconds) = (0, 0.0)

  /// - Throws: `OutputError` when the study's directory cannot be made, `SystemError` when the system does not
  ///   tell its cores, `FileError` without this program's own path.
  package init(
    _ plan: StudyPlan, difference: @escaping (TrainingConfiguration, TrainingConfiguration) -> String?
  ) throws {
    self.plan = plan
    self.difference = difference
    directory = try RunDirectory(plan.out).path
    cores = try Topology().availableCores.count
    do { program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") } catch {
      throw FileError("/proc/self/exe", expected: "the path of this program", found: "\(error)")
    }
  }

  private struct PlannedRun {
    let ranks: Int
    let repetition: Int
    let directory: String

    var name: String { "\(ranks) rank\(ranks == 1 ? "" : "s"), repeat \(repetition)" }
  }

  /// - Returns: the study's directory.
  /// - Throws: `StudyInterrupted` after a signal, `ScalingError` where runs failed, when all others are done.
  package func run() throws -> String {
    let jobs = (1...plan.repeats).flatMap { repetition in
      plan.ranks.map { ranks in
        let name = ScalingStudy.runName(plan.kind, ranks: ranks, repetition: repetition)
        return PlannedRun(ranks: ranks, repetition: repetition, directory: "\(directory)/\(name)")
      }
    }
    let kept = try completedRuns().intersection(jobs.map(\.directory))
    try describe()
    console.print(
      "\(plan.kind.rawValue) scaling of \(plan.training.model) on ranks "
        + plan.ranks.map { "\($0)" }.joined(separator: ", ")
        + ", \(plan.repeats) time\(plan.repeats == 1 ? "" : "s"), into \(directory)"
        + (kept.isEmpty ? "" : "; \(kept.count) of \(jobs.count) runs are there already"))
    let left = jobs.filter { !kept.contains($0.directory) }
    // A terminal's last line.
    defer { console.status { _ in "" } }
    for job in jobs where !failed.contains(job.ranks) {
      if !kept.contains(job.directory) { try train(job, left: left.count) }
      if !failed.contains(job.ranks) { try benchmark(job) }
    }
    return directory
  }

  /// After `run`, when what is there has been reported.
  package func throwFailures() throws {
    guard failures > 0 else { return }
    let ranks = failed.sorted().map { "\($0)" }.joined(separator: ", ")
    throw ScalingError(
      description:
        "\(failures) job\(failures == 1 ? "" : "s") failed, on ranks \(ranks); the same command on "
        + "\(directory) tries again and keeps what is done")
  }

  /// Some run is there to report.
  package var hasRuns: Bool { !speeds.isEmpty }

  private func describe() throws {
    let description = StudyDescription(
      label: plan.label ?? StudyDescription.read(from: directory)?.label ?? lastComponent(directory),
      kind: plan.kind, ranks: plan.ranks, repeats: plan.repeats,
      launcher: plan.launch.program.rawValue, trainArguments: plan.trainArguments)
    try writeAtomically(prettyJSON(description), to: "\(directory)/\(StudyDescription.name)")
  }

  /// Directories of the runs of this kind that earlier calls completed.
  ///
  /// - Throws: `ScalingError` where one has other settings.
  private func completedRuns() throws -> Set<String> {
    let names = try FileManager.default.contentsOfDirectory(atPath: directory).filter {
      $0.hasPrefix(ScalingStudy.runNames(plan.kind))
    }
    return try Set(names.map { "\(directory)/\($0)" }.filter(isCompleted))
  }

  private func isCompleted(_ path: String) throws -> Bool {
    guard isRegularFile("\(path)/run.json"), case let record = try RunRecord(inDirectory: path),
      record.status == .completed
    else { return false }
    if let found = difference(record.configuration, plan.training) {
      throw ScalingError(
        description:
          "\(path): expected a run of this study, found one with \(found); choose another directory, or "
          + "remove it")
    }
    speeds[record.worldSize, default: []].append(
      try ScalingRun(directory: path, record).imagesPerSecond)
    return true
  }

  private func train(_ job: PlannedRun, left: Int) throws {
    try makeDirectory(job.directory)
    let name = "\(job.name) of \(plan.repeats)"
    console.status { _ in "\(name) ..." }
    let log = "\(job.directory)/output.txt"
    let start = ContinuousClock.now
    let code = try launch(
      plan.training(in: job.directory), job.ranks, output: log,
      errors: log)
    guard code == 0 else { return fail(job, "training ended with exit code \(code)", log) }
    guard let record = try? RunRecord(inDirectory: job.directory), record.status == .completed else {
      return fail(
        job, "training left no record here: is it on a file system that rank 0's host shares?", log)
    }
    guard record.worldSize == job.ranks else {
      return fail(job, "training ran on \(record.worldSize) ranks", log)
    }
    let run = try ScalingRun(directory: job.directory, record)
    speeds[job.ranks, default: []].append(run.imagesPerSecond)
    done += 1
    seconds += (ContinuousClock.now - start) / .seconds(1)
    let timeLeft = seconds / Double(done) * Double(left - done)
    console.print(
      "\(name): \(grouped(run.imagesPerSecond)) images/s, efficiency so far \(efficiency(job.ranks))"
        + (run.isOversubscribed ? ", more threads than cores" : "")
        + (left > done ? ", \(clock(timeLeft)) left" : ""))
  }

  /// Beside the run, once a repeat.
  private func benchmark(_ job: PlannedRun) throws {
    guard job.ranks > 1 else { return }
    let path = job.directory + ScalingStudy.allReduceSuffix
    if let times = try? decodeFile(AllReduceTimes.self, path, as: ""), times.ranks == job.ranks { return }
    console.status { _ in "MPI_Allreduce on \(job.ranks) ranks ..." }
    let (part, log) = ("\(path).part", "\(job.directory)/output.txt")
    unlink(part)
    defer { unlink(part) }
    let code = try launch(plan.allReduceArguments, job.ranks, output: part, errors: log)
    guard code == 0 else { return fail(job, "bench allreduce ended with exit code \(code)", log) }
    _ = try decodeFile(AllReduceTimes.self, part, as: "a benchmark of MPI_Allreduce as JSON")
    try writeAtomically(readFile(part), to: path)
  }

  private func launch(_ arguments: [String], _ ranks: Int, output: String, errors: String) throws -> Int32 {
    unlink(output)
    let additions = plan.launch.additions(ranks: ranks, to: environment, cores: cores)
    let words = plan.launch.words(
      ranks: ranks, threads: plan.threads, [program] + arguments, environment, cores: cores)
    let code = try Scaling.Job.run(
      words, environment.merging(additions) { own, _ in own }, output: output, errors: errors)
    if StopSignal.received != nil { throw StudyInterrupted(directory: directory) }
    return code
  }

  /// Says what a job that failed said itself.
  private func fail(_ job: PlannedRun, _ reason: String, _ log: String) {
    failed.insert(job.ranks)
    failures += 1
    let lines = ((try? readFile(log)).map { String(decoding: $0, as: UTF8.self) } ?? "")
      .split(separator: "\n").suffix(40).map { "  \($0)" }.joined(separator: "\n")
    console.warn(
      "\(job.name): \(reason)\(lines.isEmpty ? "" : "; \(log) ends:\n\(lines)")"
    )
  }

  /// Over the speed a rank of the smallest rank count so far.
  private func efficiency(_ ranks: Int) -> String {
    guard let smallest = speeds.keys.min() else { return "?" }
    let base = median(speeds[smallest]!) / Double(smallest)
    return "\(decimal(100 * median(speeds[ranks]!) / (base * Double(ranks)), 1)) %"
  }
}

/// A signal stopped the study, which can go on.
struct StudyInterrupted: AgreedError, CustomStringConvertible {
  let directory: String

  var exitCode: Int32 { 75 }

  var description: String {
    "stopped by a signal; the same command on \(directory) goes on with what is missing, and "
      + "`cnn-mpi scaling report \(directory)` reports what is there"
  }
}
