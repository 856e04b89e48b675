import Reporting
import Scaling
import System

/// `cnn-mpi scaling report`: what studies came to.
enum ScalingReportCommand {
  private struct Configuration {
    var directories: [String] = []
    var json = false
    var out: String?
  }

  private typealias O = Option<Configuration>

  private static let options = OptionTable<Configuration>(
    groups: [
      (
        "Output",
        [
          O("--json", \.json, "print scaling.json instead of tables"),
          O("--out", \.out, .text("DIR"), "directory for the files [the first DIR]"),
        ]
      )
    ], operands: \Configuration.directories)

  static let subcommand = Subcommand(
    name: "scaling report", summary: "makes tables, curves and a model of what was measured", help: help,
    parse: { arguments throws(UsageError) in
      try ScalingCommand.requireAlone("scaling report", expected: "that mpirun did not start")
      var configuration = Configuration()
      try options.parse(arguments, into: &configuration)
      guard let first = configuration.directories.first else {
        throw UsageError(description: "scaling report: expected directories of runs, found none")
      }
      let complete = configuration
      return .alone {
        let written = try write(complete.directories, to: complete.out ?? first, json: complete.json)
        try StandardOutput.print(written.text)
        if let noFigures = written.noFigures { throw noFigures }
      }
    })

  /// Writes the files of a report of studies.
  ///
  /// - Returns: the text to print, and why there are no figures, where there are none.
  static func write(
    _ directories: [String], to out: String, json: Bool
  ) throws -> (text: String, noFigures: FigureError?) {
    let report = try ScalingReport(of: directories, version: CNNMPI.version)
    let (files, noFigures) = try report.write(to: out)
    let text =
      json
      ? String(decoding: try report.json(), as: UTF8.self)
      : "\(report.text)\n\(table([("files", files.joined(separator: ", "))]))\n"
    return (text, noFigures)
  }

  private static let help = Help(
    usage: ["cnn-mpi scaling report DIR... [options]"],
    description: """
      A DIR holds the run directories of a study and the times of MPI_Allreduce (NAME-allreduce.json), as
      `cnn-mpi scaling run` leaves them. Several DIRs, such as those of several clusters or settings, come into one
      table and picture, by the --label of their runs or by their names.

      Prints by number of ranks: images/s with a 95 % confidence interval, speed-up, efficiency, where the time
      of a step goes (hidden communication: at most so much); the latency and bandwidth of MPI_Allreduce, the
      serial share, and how much of the communication is hidden, fitted to that; a projection to 1,024 ranks with
      its band; on how many ranks communication takes half; and what the model says of each rank count that is
      left out of the fit. Rank counts with more threads than cores are marked, and never enter a fit. Where the
      model tells nothing, that is said instead.

      Writes scaling.csv (a row a run), scaling.json (everything), scaling.png and .svg (the curves, by gnuplot)
      and scaling.html (one page with all of it).
      """,
    options: options.listed(defaults: Configuration()),
    closing: """
      Exit codes: 0 done, 1 failed, 2 usage.
      """,
    operand: "DIR")
}
