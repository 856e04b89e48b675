/// `cnn-mpi manual`: the manual page, made from the same tables as `--help`.
enum ManualCommand {
  static let subcommand = Subcommand(
    name: "manual", summary: "prints the manual page, cnn-mpi.1",
    help: Help(
      usage: ["cnn-mpi manual"],
      description: """
        Prints the manual page in the macros of man(7): all commands with their options, exit codes, files and
        variables of the environment. To read it: cnn-mpi manual | man -l -
        """,
      closing: "`jobs/install.sh` puts it where man looks for it. Exit codes: 0 done, 2 usage."),
    parse: { arguments throws(UsageError) in
      try requireNothing(arguments, behind: "manual")
      return .say(manualPage())
    })
}
