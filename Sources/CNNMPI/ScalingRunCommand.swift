import Reporting
import Runs
import Scaling
import System

/// `cnn-mpi scaling run`: trains on several numbers of ranks.
enum ScalingRunCommand {
  private typealias O = Option<StudyPlan>

  private static let options = OptionTable<StudyPlan>(groups: [
    (
      "Study",
      [
        O("--ranks", \.ranks, .rankCounts, "numbers of ranks"),
        O("--weak", \.kind, given: .weak, "--batch-size images a rank: the global batch grows"),
        O(
          "--strong", \.kind, given: .strong,
          "--global-batch images on any number of ranks; without one --batch-size times the most ranks"),
        O("--repeat", \.repeats, .count(upTo: 1000), "runs of each number of ranks"),
        O("--label", \.label, .text("TEXT"), "names the study in reports [its directory's name]"),
        O("--out", \.out, .text("DIR"), "directory for the study [runs/<time>]"),
      ]
    ),
    (
      "Launching",
      [
        O("--launcher", \.launch.program, .choice, "starts the ranks; srun within a SLURM allocation"),
        O("--hostfile", \.launch.hostfile, .text("FILE"), "for mpirun"),
        O("--launcher-options", \.launch.options, .words, "more for the launcher, with spaces between"),
      ]
    ),
  ])

  static let subcommand = Subcommand(
    name: "scaling run", summary: "trains on several numbers of ranks", help: help,
    parse: { arguments throws(UsageError) in
      try ScalingCommand.requireAlone("scaling run", expected: "that starts mpirun itself")
      var plan = StudyPlan()
      let own = arguments.prefix { $0 != "--" }
      let given = try options.parse(Array(own), into: &plan).map(\.name)
      guard given.contains("--ranks") else {
        throw UsageError(description: "--ranks: expected numbers of ranks such as 1,2,4, found nothing")
      }
      guard !(given.contains("--weak") && given.contains("--strong")) else {
        throw UsageError(description: "expected --weak or --strong, found both")
      }
      guard plan.launch.program == .mpirun || plan.launch.hostfile == nil else {
        throw UsageError(
          description:
            "--hostfile: expected --launcher mpirun, found srun, which takes the allocation's hosts")
      }
      try takeTraining(Array(arguments.dropFirst(own.count + 1)), into: &plan)
      let complete = plan
      return .alone { try run(complete) }
    })

  /// The options of training that every run starts with; those of the user come behind them and win. Few test
  /// images, as a study does not look at them; nothing is written that costs time; the learning rate stays
  /// that of one rank, which no number of ranks makes diverge; three epochs, of which the first does not
  /// count.
  private static let trainDefaults = [
    "--epochs", "3", "--test-samples", "1000", "--threads", "1", "--lr-scaling", "none", "--records", "csv",
    "--save-every", "none", "--quiet",
  ]

  /// Takes the options of training behind `--`.
  private static func takeTraining(_ arguments: [String], into plan: inout StudyPlan) throws(UsageError) {
    var all = trainDefaults + arguments
    let user = try TrainCommand.options.parse(arguments, into: &plan.training).map(\.name)
    for name in ["--out", "--resume"] where user.contains(name) {
      throw UsageError(
        description: "\(name) behind --: expected none, as each run has a directory of its own")
    }
    if plan.kind == .weak, user.contains("--global-batch") {
      throw UsageError(
        description: "--global-batch behind --: expected --batch-size for weak scaling, or --strong")
    }
    if plan.kind == .strong, plan.training.globalBatch == nil {
      all += ["--global-batch", "\(plan.training.batchSize * plan.ranks.max()!)"]
    }
    plan.training = TrainingConfiguration()
    _ = try TrainCommand.options.parse(all, into: &plan.training)
    plan.trainArguments = all
    plan.directoryArguments = { ["--overwrite", "--out", $0] }
    plan.allReduceArguments = ["bench", "allreduce", "--json"]
  }

  private static func run(_ plan: StudyPlan) throws {
    StopSignal.listen(.isNoted)
    let runner = try StudyRunner(plan, difference: difference)
    let directory = try runner.run()
    if runner.hasRuns {
      let written = try ScalingReportCommand.write([directory], to: directory, json: false)
      let console = Console()
      console.print("\(written.text.dropLast())")
      // A study is not given up for them, as a run is not.
      if let noFigures = written.noFigures { console.warn("\(noFigures)") }
    }
    try runner.throwFailures()
  }

  /// The first option that a run has otherwise than asked for, in words.
  private static func difference(_ there: TrainingConfiguration, _ asked: TrainingConfiguration) -> String? {
    let option = TrainCommand.options.groups.flatMap(\.options).first {
      !["--out", "--overwrite"].contains($0.name) && !$0.isSame(there, asked)
    }
    return option.map { option in
      "\(option.name) \(option.show(there) ?? "unset") where \(option.show(asked) ?? "unset") is asked for"
    }
  }

  private static let help = Help(
    usage: ["cnn-mpi scaling run --ranks N,... [options] [-- options of cnn-mpi train]"],
    description: """
      Trains on each number of ranks, several times, and reports as `cnn-mpi scaling report` does. It is one
      process, not run under mpirun: it launches mpirun itself, in SLURM within the allocation. Each run is a
      run directory of its own, and beside it are the times of MPI_Allreduce on its ranks. A study that was cut
      goes on where it was when the same command is given again; the report comes with the completed study, and
      `cnn-mpi scaling report DIR` makes it of what is there.
      """,
    options: options.listed(defaults: StudyPlan()),
    closing: """
      Training is `cnn-mpi train` with
        \(trainDefaults.joined(separator: " "))
      and the options behind --, which win. The first epoch warms up and does not count.

      SIGINT, SIGTERM, SIGHUP and SIGUSR1 end the job that is running too. Exit codes: 0 done, 1 failed, 2 usage,
      75 stopped by a signal and can go on.
      """,
    behindDashes: TrainCommand.subcommand.name)
}

extension ValueKind<[Int]> {
  /// Numbers of ranks, each once; in order of size whatever their order here.
  fileprivate static var rankCounts: Self {
    Self(
      placeholder: "N,...",
      parse: { text throws(ValueError) in
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let counts = parts.compactMap { Int($0) }.filter { (1...100_000).contains($0) }
        guard counts.count == parts.count, Set(counts).count == counts.count else {
          throw ValueError(expected: "different whole numbers from 1 to 100000 with commas between")
        }
        return counts.sorted()
      }, show: { $0.map { "\($0)" }.joined(separator: ",") })
  }
}

extension ValueKind<[String]> {
  /// Words with spaces between.
  fileprivate static var words: Self {
    Self(
      placeholder: "\"...\"",
      parse: { text throws(ValueError) in text.split(separator: " ").map(String.init) },
      show: { $0.joined(separator: " ") })
  }
}
