import LinearModels
import Runs

/// `cnn-mpi svm`: linear support vector machines on features, as Spark MLlib's `SVMWithSGD` trains them.
enum SVMCommand {
  private struct Configuration: Sendable {
    var svm = SVMConfiguration()
    var operands: [String] = []
  }

  private typealias O = Option<Configuration>

  private static let options = OptionTable<Configuration>(
    groups: [
      (
        "Rows and classes",
        [
          O("--all-pairs", \.svm.allPairs, "every class against every other"),
          O("--splits", \.svm.splits, .shares, "shares of the rows that are trained on, a model each"),
          O("--seed", \.svm.seed, .seed, "tells with a row's file name whether it is trained on"),
          O(
            "--split-file", \.svm.splitFile, .text("FILE.csv"),
            "rows that are trained on, in place of --splits and --seed: share and file name, a row a line"),
          timeoutOption(\.svm.timeout),
        ]
      ),
      (
        "Training",
        [
          O("--iterations", \.svm.descent.iterations, .count(), "most steps"),
          O(
            "--step", \.svm.descent.step, .positive,
            "rate of the first step; that of step i is 1/sqrt(i) of it"),
          O("--reg", \.svm.descent.regularization, .nonNegative, "L2 penalty"),
          O(
            "--tol", \.svm.descent.tolerance, .nonNegative,
            "a step that moves the weights by less than this share ends training"),
          O(
            "--threads", \.svm.threads, .count(upTo: 1024),
            "threads a rank [its cores / ranks that share them]"),
        ]
      ),
      (
        "Output",
        [
          O("--out", \.svm.out, .text("DIR"), "directory for the results [runs/<time>]"),
          O(
            "--decimal", \.svm.decimalMark, .choice,
            "what results.csv has between the whole and the hundredths"),
          O(
            "--details", \.svm.details,
            "more columns in results.csv: majority share, recall, balanced accuracy, Wilson's interval, steps, seconds"
          ),
        ]
      ),
    ], operands: \Configuration.operands)

  static let subcommand = Subcommand(
    name: "svm", summary: "tells classes from each other by their features", help: help,
    parse: { arguments throws(UsageError) in
      var configuration = Configuration()
      try options.parse(arguments, into: &configuration)
      guard let features = configuration.operands.first else {
        throw UsageError(description: "svm: expected a directory of features, found nothing")
      }
      configuration.svm.features = features
      configuration.svm.pairs = try pairs(Array(configuration.operands.dropFirst()))
      guard configuration.svm.allPairs != !configuration.svm.pairs.isEmpty else {
        throw UsageError(
          description: configuration.svm.allPairs
            ? "svm: expected no classes with --all-pairs, found \(configuration.operands[1])"
            : "svm: expected classes, such as: beagle vs boxer, or --all-pairs, found nothing")
      }
      let complete = configuration.svm
      return .inWorld { world in
        try world.limitFileWaits(to: complete.timeout)
        try runSVM(complete, in: world, version: CNNMPI.version)
      }
    })

  /// The pairs that words mean: `A vs B`, `A vs All`, as often as wanted, or `A B`, `A None` once.
  private static func pairs(
    _ words: [String]
  ) throws(UsageError) -> [(positive: String, negative: String?)] {
    func negative(_ word: String, _ all: String) -> String? { word == all ? nil : word }
    var pairs: [(positive: String, negative: String?)] = []
    if words.count == 2, !words.contains("vs") {
      pairs = [(words[0], negative(words[1], "None"))]
    } else {
      guard words.count % 3 == 0, stride(from: 1, to: words.count, by: 3).allSatisfy({ words[$0] == "vs" })
      else {
        throw UsageError(
          description:
            "svm: expected classes as A vs B, or A vs All, found \"\(words.joined(separator: " "))\"")
      }
      pairs = stride(from: 0, to: words.count, by: 3).map { (words[$0], negative(words[$0 + 2], "All")) }
    }
    if let same = pairs.first(where: { $0.positive == $0.negative }) {
      throw UsageError(description: "svm: expected two classes, found \(same.positive) twice")
    }
    return pairs
  }

  private static let help = Help(
    usage: [
      "[mpirun -np RANKS] cnn-mpi svm FEATURES CLASS vs CLASS|All [CLASS vs CLASS|All ...] [options]",
      "[mpirun -np RANKS] cnn-mpi svm FEATURES --all-pairs [options]",
      "[mpirun -np RANKS] cnn-mpi svm FEATURES CLASS CLASS|None [options]",
    ],
    description: """
      Trains linear support vector machines that tell a class from another or from all others, and tests them on the rows
      that they were not trained on: a model for each share of --splits. The arithmetic is that of Spark MLlib's
      SVMWithSGD in 64 bits, and the same on any number of ranks and threads.

      FEATURES is a directory with a file for each image, such as beagle_12.jpg.json with an array of numbers; the class
      is the name up to the last underscore.
      """,
    options: options.listed(defaults: Configuration()),
    closing: """
      Writes results.csv (a row a model), model.safetensors (the weights of each pair's best model) and, of each pair,
      the accuracy by share as .png and .svg; with --all-pairs instead a matrix of the accuracies for each share as .csv.

      Exit codes: 0 done, 1 failed, 2 usage.
      """,
    operand: "FEATURES")
}
