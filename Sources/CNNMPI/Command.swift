import Training

/// What the command line asks for.
enum Command {
  case help(String)
  case train(TrainingConfiguration)

  /// Options without a subcommand are those of `train`.
  init(_ arguments: [String]) throws(UsageError) {
    var rest = arguments[...]
    if let first = rest.first, !first.hasPrefix("-") {
      guard first == "train" else {
        throw UsageError(description: "unknown command \"\(first)\"; there is train")
      }
      rest = rest.dropFirst()
    }
    if rest.contains("--help") || rest.contains("-h") {
      self = .help(TrainCommand.help)
    } else if rest.first == "--version" {
      self = .help("cnn-mpi \(CNNMPI.version)")
    } else {
      self = .train(try TrainCommand.parse(Array(rest)))
    }
  }

  /// The subcommand that `arguments` mean.
  static func named(_ arguments: [String]) -> String { "train" }
}
