import MPI

/// `cnn-mpi scaling`: how speed goes with the number of ranks.
enum ScalingCommand {
  private static let members = [ScalingRunCommand.subcommand, ScalingReportCommand.subcommand]

  static let subcommand = Subcommand(
    name: "scaling", summary: "measures training on several numbers of ranks", help: help,
    parse: { arguments throws(UsageError) in
      let found = arguments.first.map { "\"\($0)\"" } ?? "nothing"
      throw UsageError(description: "scaling: expected one of run, report, found \(found)")
    }, members: members)

  /// - Throws: `UsageError` in a process that mpirun or srun started as a rank.
  /// - Parameter expected: the process that it should be.
  static func requireAlone(_ name: String, expected: String) throws(UsageError) {
    let variables = ["OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_SIZE", "MPI_LOCALNRANKS"]
    let steps = environmentVariable("SLURM_STEP_NUM_TASKS").flatMap { Int($0) } ?? 1
    if let variable = variables.first(where: { environmentVariable($0) != nil })
      ?? (steps > 1 ? "SLURM_STEP_NUM_TASKS" : nil)
    {
      throw UsageError(
        description: "\(name): expected one process \(expected), found a rank of one "
          + "(\(variable) is set): run it without mpirun or srun")
    }
  }

  private static let help = Help(
    usage: ["cnn-mpi scaling run --ranks N,... [options]", "cnn-mpi scaling report DIR... [options]"],
    description: """
      Measures training on several numbers of ranks (run), and makes tables, curves, a page and a model of what
      was measured (report).
      """)
}
