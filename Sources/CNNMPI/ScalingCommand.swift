/// `cnn-mpi scaling`: how speed goes with the number of ranks.
enum ScalingCommand {
  private static let members = [ScalingRunCommand.subcommand, ScalingReportCommand.subcommand]

  static let subcommand = Subcommand(
    name: "scaling", help: { help },
    parse: { arguments throws(UsageError) in
      let found = arguments.first.map { "\"\($0)\"" } ?? "nothing"
      throw UsageError(description: "scaling: expected one of run, report, found \(found)")
    }, members: members)

  private static var help: String {
    """
    Usage: cnn-mpi scaling run --ranks N,... [options]
           cnn-mpi scaling report DIR... [options]

    Measures training on several numbers of ranks (run), and makes tables, curves, a page and a model of what
    was measured (report).

    `cnn-mpi scaling run --help` and `cnn-mpi scaling report --help` list the options.
    """
  }
}
