import Runs

/// What `cnn-mpi scaling run` is asked for.
package struct StudyPlan: Sendable {
  package var kind = ScalingKind.weak
  /// Ascending.
  package var ranks: [Int] = []
  package var repeats = 3
  /// Nil for `runs/<time>`.
  package var out: String?
  /// Nil for the directory's name.
  package var label: String?
  package var launch = Launch()
  /// Options of `cnn-mpi train`, but for `--out`, and what they come to.
  package var trainArguments: [String] = []
  package var training = TrainingConfiguration()

  package init() {}

  /// Threads of a rank.
  var threads: Int { training.threads ?? 1 }
}

extension StudyPlan {
  /// The options of training that every run starts with; those of the user come behind them and win. Few test
  /// images, as a study does not look at them; nothing is written that costs time; the learning rate stays
  /// that of one rank, which no number of ranks makes diverge; three epochs, of which the first does not
  /// count.
  package static let trainDefaults = [
    "--epochs", "3", "--test-samples", "1000", "--threads", "1", "--lr-scaling", "none", "--records", "csv",
    "--save-every", "none", "--quiet",
  ]
}
