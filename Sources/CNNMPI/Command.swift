import Parallel

/// The work of a subcommand.
enum Action {
  /// On all ranks, between start and end of MPI.
  case inWorld((World) throws -> Void)
  /// The same, to find out what is wrong with the launch: starts also where others refuse to.
  case preflight((World) throws -> Void)
  /// In this process, where MPI is never started.
  case alone(() throws -> Void)
  /// Prints a text, once and not once a rank.
  case say(String)

  /// What the command line asks for.
  init(_ arguments: [String]) throws(UsageError) {
    let (subcommand, rest) = Subcommand.named(by: arguments)
    if rest.contains("--help") || rest.contains("-h") {
      self = .say(subcommand.helpText)
    } else if rest.first == "--version" {
      self = .say("cnn-mpi \(CNNMPI.version)")
    } else {
      self = try subcommand.parse(rest)
    }
  }
}

/// A word of the command line, such as `train`, or `bench` with a second word.
struct Subcommand: Sendable {
  /// The words that name it, such as `bench step`.
  let name: String
  /// What it does, in a line that begins with a verb, such as "draws a run again".
  let summary: String
  let help: Help
  /// Reads the arguments behind the name.
  let parse: @Sendable (_ arguments: [String]) throws(UsageError) -> Action
  /// What a further word can name.
  var members: [Subcommand] = []

  /// The program itself: options without a subcommand are those of `train`.
  static let program = Subcommand(
    name: TrainCommand.subcommand.name, summary: TrainCommand.subcommand.summary,
    help: TrainCommand.subcommand.help,
    parse: { arguments throws(UsageError) in
      if let first = arguments.first, !first.hasPrefix("-") {
        let names = commands.map(\.name).joined(separator: ", ")
        throw UsageError(description: "unknown command \"\(first)\"; there are \(names)")
      }
      return try TrainCommand.subcommand.parse(arguments)
    }, members: commands)

  private static let commands = [
    TrainCommand.subcommand, LearningRateCommand.subcommand, EvaluateCommand.subcommand,
    PredictCommand.subcommand, ModelCommand.subcommand, DataCommand.subcommand, SVMCommand.subcommand,
    ImportCommand.subcommand,
    ExportCommand.subcommand, PlotCommand.subcommand, BenchCommand.subcommand, ScalingCommand.subcommand,
    DoctorCommand.subcommand, CompletionsCommand.subcommand, ManualCommand.subcommand,
  ]

  /// All subcommands, those of second words behind those of the first.
  static var all: [Subcommand] { commands.flatMap { [$0] + $0.members } }

  /// The subcommand that `arguments` begin with, and what follows.
  static func named(by arguments: [String]) -> (subcommand: Subcommand, rest: [String]) {
    var (found, rest) = (program, arguments[...])
    while let word = rest.first, let next = found.members.first(where: { $0.lastWord == word }) {
      found = next
      rest = rest.dropFirst()
    }
    return (found, Array(rest))
  }

  /// What `--help` prints.
  var helpText: String { help.text(members: members) }

  var lastWord: String { String(name.split(separator: " ").last!) }
}
