import Files
import Foundation
import Parallel
import Reporting
import Training

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
  private let cores = Launch.physicalCores()
  /// Images a second by ranks.
  private var speeds: [Int: [Double]] = [:]
  /// Rank counts on which a run failed, which are not tried again.
  private var failed: Set<Int> = []
  private var failures = 0
  private var (done, seconds) = (0, 0.0)

  /// - Throws: `OutputError` when the study's directory cannot be made, `FileError` without this program's
  ///   own path.
  package init(
    _ plan: StudyPlan, difference: @escaping (TrainingConfiguration, TrainingConfiguration) -> String?
  ) throws {
    self.plan = plan
    self.difference = difference
    directory = try RunDirectory(plan.out).path
    do { program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") } catch {
      throw FileError("/proc/self/exe", expected: "the path of this program", found: "\(error)")
    }
  }

  private struct Job {
    let ranks: Int
    let repetition: Int
    let directory: String
  }

  /// - Returns: the study's directory.
  /// - Throws: `StudyInterrupted` after a signal, `ScalingError` where runs failed, when all others are done.
  package func run() throws -> String {
    let jobs = (1...plan.repeats).flatMap { repetition in
      plan.ranks.map { ranks in
        let name = ScalingStudy.runName(plan.kind, ranks: ranks, repetition: repetition)
        return Job(ranks: ranks, repetition: repetition, directory: "\(directory)/\(name)")
      }
    }
    let kept = try Set(jobs.filter(isDone).map(\.directory))
    try describe()
    console.print(
      "\(plan.kind.rawValue) scaling of \(plan.training.model) on ranks "
        + plan.ranks.map { "\($0)" }.joined(separator: ", ")
        + ", \(plan.repeats) time\(plan.repeats == 1 ? "" : "s"), into \(directory)"
        + (kept.isEmpty ? "" : "; \(kept.count) of \(jobs.count) runs are there already"))
    let left = jobs.filter { !kept.contains($0.directory) }
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
        "\(failures) job\(failures == 1 ? "" : "s") failed, on ranks \(ranks); the same command with "
        + "--out \(directory) tries again and keeps what is done")
  }

  /// Some run is there to report.
  package var hasRuns: Bool { !speeds.isEmpty }

  private func describe() throws {
    let description = StudyDescription(
      label: plan.label ?? lastComponent(directory), kind: plan.kind, ranks: plan.ranks,
      repeats: plan.repeats,
      launcher: plan.launch.program.rawValue, trainArguments: plan.trainArguments)
    try writeAtomically(prettyJSON(description), to: "\(directory)/\(StudyDescription.name)")
  }

  /// The run was completed by an earlier call with the same settings.
  ///
  /// - Throws: `ScalingError` where it has other settings.
  private func isDone(_ job: Job) throws -> Bool {
    let path = "\(job.directory)/run.json"
    guard access(path, F_OK) == 0, case let record = try ScalingRun.record(in: job.directory),
      record.status == ScalingRun.completed
    else { return false }
    let there = try decodeFile(Configured.self, path, as: "the record of a run of this version")
    let found =
      record.worldSize != job.ranks
      ? "\(record.worldSize) ranks" : difference(there.configuration, plan.training)
    if let found {
      throw ScalingError(
        description: "\(job.directory): expected a run of this study, found one with \(found); give another "
          + "--out, or remove it")
    }
    speeds[job.ranks, default: []].append(
      try ScalingRun(directory: job.directory, record).imagesPerSecond)
    return true
  }

  private struct Configured: Decodable {
    let configuration: TrainingConfiguration
  }

  private func train(_ job: Job, left: Int) throws {
    try makeDirectory(job.directory)
    let name = "\(job.ranks) rank\(job.ranks == 1 ? "" : "s"), repeat \(job.repetition) of \(plan.repeats)"
    console.status { _ in "\(name) ..." }
    let log = "\(job.directory)/output.txt"
    let start = ContinuousClock.now
    let code = try launch(
      ["train"] + plan.trainArguments + ["--out", job.directory], job.ranks, output: log, errors: log)
    guard code == 0 else { return fail(job, "training ended with exit code \(code)", log) }
    guard access("\(job.directory)/run.json", F_OK) == 0 else {
      return fail(
        job, "training left no run.json here: is --out on a file system that rank 0's host shares?", log)
    }
    let run = try ScalingRun(directory: job.directory, ScalingRun.record(in: job.directory))
    guard run.record.worldSize == job.ranks else {
      return fail(job, "training ran on \(run.record.worldSize) ranks", log)
    }
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
  private func benchmark(_ job: Job) throws {
    guard job.ranks > 1 else { return }
    let path = job.directory + ScalingStudy.allReduceSuffix
    if let times = try? decodeFile(AllReduceTimes.self, path, as: ""), times.ranks == job.ranks { return }
    console.status { _ in "MPI_Allreduce on \(job.ranks) ranks ..." }
    let (part, log) = ("\(path).part", "\(job.directory)/output.txt")
    unlink(part)
    defer { unlink(part) }
    let code = try launch(["bench", "allreduce", "--json"], job.ranks, output: part, errors: log)
    guard code == 0 else { return fail(job, "bench allreduce ended with exit code \(code)", log) }
    _ = try decodeFile(AllReduceTimes.self, part, as: "what bench allreduce --json prints")
    try writeAtomically(readFile(part), to: path)
  }

  private func launch(_ arguments: [String], _ ranks: Int, output: String, errors: String) throws -> Int32 {
    unlink(output)
    let additions = plan.launch.additions(ranks: ranks, to: environment, cores: cores)
    let words = plan.launch.words(
      ranks: ranks, threads: plan.threads, [program] + arguments, environment, cores: cores)
    let code = try Scaling.Job.run(
      words, environment.merging(additions) { own, _ in own }, output: output, errors: errors)
    if StudySignal.received != nil { throw StudyInterrupted(directory: directory) }
    return code
  }

  /// Says what a job that failed said itself.
  private func fail(_ job: Job, _ reason: String, _ log: String) {
    failed.insert(job.ranks)
    failures += 1
    let lines = ((try? readFile(log)).map { String(decoding: $0, as: UTF8.self) } ?? "")
      .split(separator: "\n").suffix(40).map { "  \($0)" }.joined(separator: "\n")
    console.warn(
      "\(job.ranks) ranks, repeat \(job.repetition): \(reason)\(lines.isEmpty ? "" : "; \(log) ends:\n\(lines)")"
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
    "stopped by a signal; the same command with --out \(directory) goes on with what is missing"
  }
}
