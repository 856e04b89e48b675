import Reporting
import Runs
import System

/// `cnn-mpi lr-find`: the learning rate range test.
enum LearningRateCommand {
  private typealias Configuration = LearningRateSearchConfiguration
  private typealias O = Option<Configuration>

  /// Options of `train` that say nothing here: there is no epoch's end, no test, no schedule, no run directory.
  private static let unused: Set = [
    "--test-samples", "--epochs", "--early-stopping", "--lr", "--warmup-epochs", "--warmup-lr", "--schedule",
    "--step-epochs", "--step-factor", "--ema", "--save-every", "--keep", "--resume", "--out", "--overwrite",
    "--records", "--log-every", "--replica-guard", "--verbose", "--trace", "--quiet",
  ]

  private static let options = OptionTable<Configuration>(
    groups: [
      (
        "Search",
        [
          O(
            "--min-lr", \.lowest, .positive.single,
            "learning rate of the first step, of one rank as train's --lr"),
          O("--max-lr", \.highest, .positive.single, "that of the last step"),
          O("--steps", \.steps, .count(from: 20), "steps from one to the other"),
          O("--out", \.out, .text("DIR"), "directory for lr_find.csv, .png and .svg"),
        ]
      )
    ] + ofTraining)

  private static let ofTraining: [(heading: String, options: [O])] = {
    let names = Set(TrainCommand.options.groups.flatMap(\.options).map(\.name))
    precondition(unused.isSubset(of: names), "no options of train: \(unused.subtracting(names))")
    return TrainCommand.options.groups.compactMap { group in
      let options = group.options.filter { !unused.contains($0.name) }.map { O($0, of: \.training) }
      return options.isEmpty ? nil : (group.heading, options)
    }
  }()

  static let subcommand = Subcommand(
    name: "lr-find", summary: "finds learning rates to train with", help: help,
    parse: { arguments throws(UsageError) in
      var configuration = Configuration()
      let given = try options.parse(arguments, into: &configuration)
      guard configuration.lowest < configuration.highest else {
        throw UsageError(
          description: "--max-lr: expected more than --min-lr, \(shortest(configuration.lowest)), found "
            + "\"\(shortest(configuration.highest))\"")
      }
      try configuration.training.reduction.requireOneOrder()
      let complete = configuration
      let idle = TrainCommand.idleOptions(Set(given.map(\.name)), complete.training)
      return .inWorld { world in
        try world.limitFileWaits(to: complete.training.dataOptions.timeout)
        try TrainCommand.advising(complete.training) {
          try findLearningRate(complete, warnings: idle, in: world, version: CNNMPI.version)
        }
      }
    })

  private static let help = Help(
    usage: ["[mpirun -np RANKS] cnn-mpi lr-find [options]"],
    description: """
      Finds learning rates to train with, by the range test of Smith (2015) as fastai's lr_find does it: trains some
      steps with a rate that rises exponentially, and ends where the smoothed loss is larger than 4 times the best.
      Takes what train takes for data, model, batches and optimizer, and should be given the same.

      Suggests two rates, as fastai: where the smoothed loss falls most steeply over the rate's logarithm (its
      "steep"), and a tenth of the rate of the least smoothed loss (its "minimum"). Both are rates of one rank, as
      train's --lr is: on the same number of ranks, train makes the same steps of them.
      """,
    options: options.listed(defaults: Configuration()),
    closing: """
      Writes lr_find.csv (a row a step: --lr, the rate of the step of all ranks, loss, smoothed loss) and
      lr_find.png and .svg (drawn by gnuplot; without it lr_find.gp, what it would draw). Makes no checkpoint and no
      model.

      Exit codes: 0 done, 1 failed, 2 usage.
      """)
}
