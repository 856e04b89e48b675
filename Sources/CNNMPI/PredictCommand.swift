import Engine
import Models
import Runs

/// `cnn-mpi predict`: the classes of images.
enum PredictCommand {
  private typealias O = Option<PredictionConfiguration>

  private static let options = OptionTable<PredictionConfiguration>(
    groups: [
      ("Model", modelOptions()),
      (
        "Images",
        [
          O(
            "--orientation", \.orientation, .choice,
            "turn images as cameras tell in Exif data, or take them as their pixels are stored"),
          O(
            "--invert", \.invert,
            "black for white: for dark digits on light paper, if the model learnt light ones"),
          timeoutOption(\.timeout),
        ]
      ),
      (
        "Computation and output",
        [
          O("--top", \.top, .count(), "show the N most probable classes"),
          O("--json", \.json, "print JSON instead of a table"),
          O("--logits", \.logits, .text("FILE.npy"), "write the logits, a row an image in the order printed"),
          O("--micro-batch", \.microBatch, .count(), "images a thread computes at once"),
          O("--threads", \.threads, .count(upTo: 1024), "threads a rank [its cores / ranks that share them]"),
        ]
      ),
    ], operands: \PredictionConfiguration.paths)

  static let subcommand = Subcommand(
    name: "predict", summary: "predicts the classes of images", help: help,
    parse: { arguments throws(UsageError) in
      var configuration = PredictionConfiguration()
      try options.parse(arguments, into: &configuration)
      try requireModel(configuration.source)
      guard !configuration.paths.isEmpty else {
        throw UsageError(description: "predict: expected images, directories or IDX files, found nothing")
      }
      let complete = configuration
      return .inWorld { world in
        try world.limitFileWaits(to: complete.timeout)
        let report = try predict(complete, in: world)
        try world.print(complete.json ? report.json(version: CNNMPI.version) : report.text)
        if world.isRoot {
          for failure in report.failures { CNNMPI.sayError(failure.error) }
        }
        if let failure = PredictionFailure(report) { throw failure }
      }
    })

  private static let help = Help(
    usage: ["[mpirun -np RANKS] cnn-mpi predict --model RUN|FILE.safetensors [options] PATH..."],
    description: """
      Predicts the classes of images. A PATH is a PNG or JPEG image, a directory with such images in it or below,
      links followed, or an IDX file of images, such as MNIST's. Images are turned upright and brought to the
      model's input: gray or RGB, transparency over white, and its size. One that cannot be read is named on
      standard error and left out.
      """,
    options: options.listed(defaults: PredictionConfiguration()),
    closing: """
      Exit codes: 0 all predicted, 1 failed or not all predicted, 2 usage.
      """,
    operand: "PATH")
}
