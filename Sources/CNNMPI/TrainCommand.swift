import MPI
import Parallel
import Training

/// `cnn-mpi train`: the default.
enum TrainCommand {
  static let summary = "train a convolutional network on all ranks"

  static let options = OptionTable<TrainingConfiguration>(groups: [
    (
      "Data",
      [
        .text("--data", "DIR|synthetic", \.data, "directory with MNIST's four files, or built-in digits"),
        .text("--test-data", "DIR|synthetic", \.testData, "test on other data than --data's"),
        .count("--train-samples", "N", \.trainSamples, "use only the first N training images"),
        .count("--test-samples", "N", \.testSamples, "use only the first N test images"),
      ]
    ),
    (
      "Model",
      [
        .text(
          "--model", "NAME|FILE.json", \.model, "mnist-cnn, mnist-cnn-same, mnist-small, lenet5, mnist-bn")
      ]
    ),
    (
      "Training",
      [
        .count("--epochs", "N", \.epochs, "passes over the training data"),
        .count("--batch-size", "N", \.batchSize, "images a step and rank"),
        .count("--global-batch", "N", \.globalBatch, "images a step of all ranks together, for --batch-size"),
        .count("--micro-batch", "N", \.microBatch, "images a thread computes at once [at most 32]"),
        .count("--threads", "N", \.threads, "threads a rank [its cores / ranks that share them]"),
        .seed("--seed", \.seed, "of weights, order, dropout and synthetic digits"),
      ]
    ),
    (
      "Optimizer",
      [
        .choice("--optimizer", \.optimizer, "the update rule"),
        .number("--lr", "X", \.learningRate, .positive, "learning rate of one rank"),
        .choice(
          "--lr-scaling", \.learningRateScaling, "times the ranks or not [linear; none with --global-batch]"),
        .number("--warmup-epochs", "X", \.warmupEpochs, .nonNegative, "from the unscaled to the scaled rate"),
        .choice("--schedule", \.schedule, "how the rate goes on"),
        .number("--step-epochs", "X", \.stepEpochs, .positive, "step schedule: epochs between drops"),
        .number("--step-factor", "X", \.stepFactor, .positive, "step schedule: factor of a drop"),
        .number("--momentum", "X", \.momentum, .share, "of SGD"),
        .choice("--nesterov", \.nesterov, "Nesterov's momentum, of SGD"),
        .number("--weight-decay", "X", \.weightDecay, .nonNegative, "L2 penalty"),
      ]
    ),
    (
      "Output and communication",
      [
        .text("--out", "DIR", \.out, "directory for the results [runs/<time>]"),
        .count("--bucket-kilobytes", "N", \.bucketKilobytes, "gradients reduced in one piece"),
      ]
    ),
  ])

  static func parse(_ arguments: [String]) throws(UsageError) -> TrainingConfiguration {
    var configuration = TrainingConfiguration()
    try options.parse(arguments, into: &configuration)
    return configuration
  }

  static var help: String {
    """
    Usage: mpirun -np RANKS cnn-mpi [train] [options]

    Trains by synchronous data-parallel SGD: every rank computes a part of each batch, the gradients are
    averaged over the ranks by MPI_Allreduce. Without options it trains on built-in synthetic digits.

    \(options.help(defaults: TrainingConfiguration()))

    Results go to the run directory: run.json (what was run and what came out) and metrics.csv (a row an
    epoch). Exit codes: 0 done, 1 failed, 2 usage.
    """
  }
}
