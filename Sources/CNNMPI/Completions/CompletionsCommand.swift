/// `cnn-mpi completions`: what a shell needs to complete command lines, made from the tables of options.
enum CompletionsCommand {
  private static let shells: [(name: String, place: String, script: @Sendable () -> String)] = [
    ("bash", "~/.local/share/bash-completion/completions/cnn-mpi", { bashCompletions(Subcommand.completed) }),
    ("zsh", "_cnn-mpi in a directory of fpath", { zshCompletions(Subcommand.completed) }),
    ("fish", "~/.config/fish/completions/cnn-mpi.fish", { fishCompletions(Subcommand.completed) }),
  ]

  static let subcommand = Subcommand(
    name: "completions", summary: "prints what completes command lines in bash, zsh or fish",
    help: Help(
      usage: ["cnn-mpi completions bash|zsh|fish"],
      description: """
        Prints a script by which a shell completes the words of cnn-mpi's command lines: commands, options, and
        values that are names, files or directories.
        """,
      closing:
        "`jobs/install.sh` puts the scripts where the shells look for them. Exit codes: 0 done, 2 usage."),
    parse: { arguments throws(UsageError) in
      let known = shells.map(\.name).joined(separator: ", ")
      let found = arguments.first.map { "\"\($0)\"" } ?? "nothing"
      throw UsageError(description: "completions: expected one of \(known), found \(found)")
    }, members: shells.map(subcommand))

  private static func subcommand(
    _ name: String, place: String, script: @escaping @Sendable () -> String
  ) -> Subcommand {
    Subcommand(
      name: "completions \(name)", summary: "prints the script for \(name)",
      help: Help(
        usage: ["cnn-mpi completions \(name)"],
        description: """
          Prints a script by which \(name) completes the words of cnn-mpi's command lines. Its place is
          \(place).
          """,
        closing: "Exit codes: 0 done, 2 usage."),
      parse: { arguments throws(UsageError) in
        try requireNothing(arguments, behind: "completions \(name)")
        return .say(script())
      })
  }
}

/// - Throws: where there are arguments though the subcommand takes none.
func requireNothing(_ arguments: [String], behind name: String) throws(UsageError) {
  guard let first = arguments.first else { return }
  throw UsageError(description: "\(name): expected no more arguments, found \"\(first)\"")
}

/// A subcommand as the completions see it.
struct CompletedCommand {
  /// The words that select it, such as `bench step`; those of the program itself are none.
  let name: String
  let members: [(word: String, summary: String)]
  let options: [ListedOption]
  /// What the arguments that are no options can be, such as `DIR`; nil where there are none.
  let operand: String?
  let behindDashes: String?
}

extension Subcommand {
  /// The program itself, and all subcommands. Behind the program's name an option can come, as of `train`, or a
  /// subcommand.
  static var completed: [CompletedCommand] {
    [program.completed(as: "")] + all.map { $0.completed(as: $0.name) }
  }

  private func completed(as name: String) -> CompletedCommand {
    let known = help.options.flatMap(\.options)
    let helpOption = ListedOption(name: "--help", letter: "-h", placeholder: nil, help: "tells what there is")
    return CompletedCommand(
      name: name, members: members.map { ($0.lastWord, $0.summary) }, options: known + [helpOption],
      operand: help.operand, behindDashes: help.behindDashes)
  }
}
