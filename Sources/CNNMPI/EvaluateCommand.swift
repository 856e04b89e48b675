import Reporting
import Runs

/// `cnn-mpi evaluate`: how right a trained model is, class by class.
enum EvaluateCommand {
  private typealias O = Option<EvaluationConfiguration>

  private static let options = OptionTable<EvaluationConfiguration>(groups: [
    ("Model", modelOptions()),
    (
      "Data",
      [
        O("--data", \.data, .text("PATH|synthetic"), dataHelp),
        O("--part", \.part, .choice, "which part of it"),
        O("--samples", \.samples, .count(), "use only the first N images"),
        O("--seed", \.seed, .seed, "of synthetic digits"),
      ] + dataOptions()
    ),
    (
      "Computation and output",
      [
        O("--micro-batch", \.microBatch, .count(), "images a thread computes at once"),
        O("--threads", \.threads, .count(upTo: 1024), "threads a rank [its cores / ranks that share them]"),
        O("--json", \.json, "print JSON instead of tables"),
        O(
          "--figures", \.figures, .text("DIR"),
          "draw the confusion matrix and the worst mistakes, as files in this directory"),
        O("--mistakes", \.mistakes, .count(upTo: 400), "images on the sheet of the worst mistakes, at most"),
      ]
    ),
  ])

  static let subcommand = Subcommand(
    name: "evaluate", summary: "tells how right a trained model is", help: help,
    parse: { arguments throws(UsageError) in
      var configuration = EvaluationConfiguration()
      try options.parse(arguments, into: &configuration)
      try requireModel(configuration.source)
      let complete = configuration
      return .inWorld { world in
        let evaluation = try evaluate(complete, in: world)
        try world.print(evaluation.text(version: CNNMPI.version))
        guard let directory = complete.figures else { return }
        let files = try evaluation.drawFigures(in: directory, world)
        if !complete.json {
          try world.print("\n\(table([("figures", files.joined(separator: ", "))]))\n")
        }
      }
    })

  private static let help = Help(
    usage: ["[mpirun -np RANKS] cnn-mpi evaluate --model RUN|FILE.safetensors [options]"],
    description: """
      Tells how right a trained model is: loss, accuracy, and by class precision, recall, F1 and what it is taken
      for. The numbers are bitwise the same on any number of ranks and threads.
      """,
    options: options.listed(defaults: EvaluationConfiguration()),
    closing: """
      With --figures DIR: DIR/confusion.png and .svg, a row a true class, a column a prediction, the darker the
      larger the share of the true class; and DIR/mistakes.png, the wrong predictions of the largest loss, as the
      network saw the images, each with true class, prediction and its probability. gnuplot draws them; without it
      what it would draw is written, confusion.gp and mistakes.gp.

      Exit codes: 0 done, 1 failed, 2 usage.
      """)
}
