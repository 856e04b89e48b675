import Files
import Reporting
import Runs

/// `cnn-mpi plot`: draws runs again, or several in one figure.
enum PlotCommand {
  private struct Configuration {
    var runs: [String] = []
    var out: String?
  }

  private typealias O = Option<Configuration>

  private static let options = OptionTable<Configuration>(
    groups: [
      (
        "Output",
        [
          O(
            "--out", \.out, .figureFile,
            "the figure [one run: training_metrics.png and .svg in its directory; more: comparison.png and .svg here]"
          )
        ]
      )
    ], operands: \Configuration.runs)

  static let subcommand = Subcommand(
    name: "plot", summary: "draws a run again, or several in one figure", help: help,
    parse: { arguments throws(UsageError) in
      var configuration = Configuration()
      try options.parse(arguments, into: &configuration)
      guard !configuration.runs.isEmpty else {
        throw UsageError(description: "plot: expected one or more run directories, found none")
      }
      let complete = configuration
      return .inWorld { world in
        let files = try world.agree { world.isRoot ? try draw(complete) : [] }
        try world.print(files.map { "\($0)\n" }.joined())
      }
    })

  /// - Returns: the figures' paths.
  private static func draw(_ configuration: Configuration) throws -> [String] {
    let runs = try configuration.runs.map { path throws(MetricsFileError) in
      try RunMetrics(directory: path, title: try? RunRecord(inDirectory: path).title)
    }
    return try files(configuration, runs).map { format, path in
      if runs.count == 1 {
        try TrainingFigure.draw(runs[0], format, to: path)
      } else {
        try ComparisonFigure.draw(runs, format, to: path)
      }
      return path
    }
  }

  private static func files(
    _ configuration: Configuration, _ runs: [RunMetrics]
  ) -> [(format: FigureFormat, path: String)] {
    if let out = configuration.out, let format = FigureFormat(ofFile: out) { return [(format, out)] }
    return FigureFormat.allCases.map { format in
      let path =
        runs.count == 1
        ? "\(runs[0].directory)/\(TrainingFigure.name(format))" : ComparisonFigure.name(format)
      return (format, path)
    }
  }

  private static let help = Help(
    usage: ["cnn-mpi plot RUN... [options]"],
    description: """
      Draws accuracy and loss by epoch from the metrics.csv of run directories, with gnuplot. One run: on the
      training and the test data. Several: the test results solid and with the directories' names, those of
      training dashed.
      """,
    options: options.listed(defaults: Configuration()),
    closing: """
      Exit codes: 0 done, 1 failed, 2 usage.
      """,
    operand: "RUN")
}
