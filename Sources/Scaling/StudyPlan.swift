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
  /// The arguments of this program's `train`, and what they come to.
  package var trainArguments: [String] = []
  package var training = TrainingConfiguration()
  /// What names the directory of a run, and has it replaced, behind `trainArguments`.
  package var directoryArguments: @Sendable (_ directory: String) -> [String] = { [$0] }
  /// What has this program print times of MPI_Allreduce as JSON.
  package var allReduceArguments: [String] = []

  package init() {}

  /// Threads of a rank.
  var threads: Int { training.threads ?? 1 }

  func training(in directory: String) -> [String] {
    ["train"] + trainArguments + directoryArguments(directory)
  }
}
