import Engine
import Models
import Networks
import Parallel
import Reporting
import Runs
import System

/// `cnn-mpi train`: the default.
enum TrainCommand {
  typealias O = Option<TrainingConfiguration>

  static let options = OptionTable<TrainingConfiguration>(groups: [
    (
      "Data",
      [
        // The same data may lie elsewhere: a resumed run knows them by their hash.
        O("--data", \.data, .text("PATH|synthetic"), dataHelp)
          .changeable,
        O("--test-data", \.testData, .text("PATH|synthetic"), "test on other data than --data's").changeable,
        O("--train-samples", \.trainSamples, .count(), "use only the first N training images"),
        O("--test-samples", \.testSamples, .count(), "use only the first N test images"),
        O(
          "--validation-split", \.validationSplit, .fraction,
          "share of the training images that is held out and evaluated each epoch"),
      ] + dataOptions() + [
        O(
          "--normalization", \.normalization, .normalization,
          "mean and deviation of the pixels' channels, 1 for white: measured, of mnist, fashion-mnist, cifar10, cifar100 or imagenet, or numbers"
        ),
        O(
          "--normalization-samples", \.normalizationSamples, .count(),
          "images that are measured where not all are in memory"),
      ]
    ),
    (
      "Model",
      [
        O("--model", \.model, .text("NAME|FILE.json"), "one of \(ModelZoo.names)").changeable,
        O(
          "--weights", \.weights, .text("RUN|FILE"),
          "start from the weights of a run, or of a .safetensors file, also from PyTorch"),
        O(
          "--freeze", \.freeze, .words("LAYER,..."),
          "layers that are not trained: names, their beginnings up to a dot as layer1, patterns as 'features.*'"
        ),
        O(
          "--replace-head", \.replaceHead,
          "leave out the last dense layer of --weights: it starts anew, with as many classes as the data"),
        O("--conv", \.convolution, .choice, "how convolutions are computed; auto goes by their shapes"),
      ]
    ),
    (
      "Training",
      [
        O("--epochs", \.epochs, .count(), "passes over the training data").changeable,
        O("--batch-size", \.batchSize, .count(), "images a step and rank"),
        O("--global-batch", \.globalBatch, .count(), "images a step of all ranks, in place of --batch-size"),
        O("--micro-batch", \.microBatch, .count(), "images a thread computes at once [at most 32]"),
        O("--accumulate", \.accumulate, .count(upTo: 65536), "batches whose gradients make one update"),
        O("--threads", \.threads, .count(upTo: 1024), "threads a rank [its cores / ranks that share them]")
          .changeable,
        O(
          "--loader-threads", \.loaderThreads, .wholeNumber,
          "threads a rank that decode image files ahead [its cores that --threads leaves]"
        ).changeable,
        O("--seed", \.seed, .seed, "of weights, order, dropout, augmentation and synthetic digits"),
        O(
          "--early-stopping", \.earlyStopping, .count(),
          "end after N epochs without a better accuracy and take the best epoch's weights"
        ).changeable,
      ]
    ),
    (
      "Optimizer",
      [
        O(
          "--optimizer", \.optimizer, .choice,
          "the update rule: SGD, Adam, AdamW; LARS and LAMB go by layers, for large batches"),
        O("--lr", \.learningRate, .positive.single, "learning rate of one rank"),
        O(
          "--lr-scaling", \.learningRateScaling, .choice,
          "times the ranks or not [linear; none with --global-batch]"),
        O("--warmup-epochs", \.warmupEpochs, .nonNegative, "from the unscaled to the scaled rate"),
        O("--warmup-lr", \.warmupLearningRate, .nonNegative, "rate that warm-up starts from [--lr]"),
        O("--schedule", \.schedule, .choice, "how the rate goes on"),
        O("--step-epochs", \.stepEpochs, .positive, "step schedule: epochs between drops"),
        O("--step-factor", \.stepFactor, .positive.single, "step schedule: factor of a drop"),
        O("--momentum", \.momentum, .share.single, "of SGD and LARS"),
        O("--nesterov", \.nesterov, .choice, "Nesterov's momentum, of SGD and LARS"),
        O(
          "--weight-decay", \.weightDecay, .nonNegative.single,
          "L2 penalty; with adamw and lamb apart from the gradients"),
      ]
    ),
    (
      "Regularization and augmentation",
      augmentationOptions + [
        O(
          "--label-smoothing", \.labelSmoothing, .share.single, "share of the target spread over all classes"),
        O("--clip-norm", \.clipNorm, .positive.single, "largest norm of a step's gradients"),
        O(
          "--ema", \.averageDecay, .fraction.single,
          "evaluate a moving average of the weights with this decay"),
      ]
    ),
    (
      "Checkpoints",
      [
        O("--save-every", \.saveEvery, .interval, "epochs, steps or minutes between checkpoints").changeable,
        O("--keep", \.keep, .count(), "newest checkpoints that are kept").changeable,
        O(
          "--resume", \.resume, .text("auto|PATH"),
          "go on from the newest whole checkpoint in --out, or from a run or checkpoint"
        ).changeable,
      ]
    ),
    (
      "Output and communication",
      [
        O("--out", \.out, .text("DIR"), "directory for the results [runs/<time>]").changeable,
        O(
          "--overwrite", \.overwrite,
          "replace the run that the directory holds; it is kept aside until the first checkpoint"
        ).changeable,
        O(
          "--records", \.records, .choice,
          "metrics.jsonl, TensorBoard's events and figures too, or metrics.csv"
        ).changeable,
        O("--log-every", \.logEvery, .count(), "steps from one line of metrics.jsonl to the next").changeable,
        O(
          "--verbose", letter: "-v", \.verbosity, given: .verbose,
          "show where the time goes, also rank by rank"
        ).changeable,
        O("--trace", \.trace, "write trace.json, what each thread of each rank did when").changeable,
        O("--quiet", \.verbosity, given: .quiet, "print warnings and errors alone").changeable,
        O(
          "--reproducible", \.reproducible,
          "the same weights on any number of ranks, to the bit, with --global-batch and --micro-batch the same"
        ),
        O(
          "--compress", \.compression, .choice,
          "gradients between ranks in 16 bits, with error feedback; with --hierarchical, those between hosts"
        ),
        O("--hierarchical", \.hierarchical, "sum gradients within each host first, then between hosts"),
        O(
          "--replica-guard", \.replicaGuard, .count(), "steps after which ranks compare their parameters"
        ).changeable,
        O(
          "--stall-warning", \.stallLimits.warning, .stallLimit,
          "seconds without progress of any rank after which the missing are named; 0: never"
        ).changeable,
        O(
          "--stall-abort", \.stallLimits.abort, .stallLimit,
          "seconds without progress of any rank after which the job is ended; 0: never"
        ).changeable,
        O("--bucket-kilobytes", \.bucketKilobytes, .count(), "gradients reduced in one piece").changeable,
      ]
    ),
  ])

  static let subcommand = Subcommand(
    name: "train", summary: "trains a network", help: help,
    parse: { arguments throws(UsageError) in
      var configuration = TrainingConfiguration()
      let given = try options.parse(arguments, into: &configuration)
      if configuration.resume == "auto", configuration.out == nil {
        throw UsageError(
          description: "--resume auto: expected --out DIR, the run to go on with; or give --resume its path")
      }
      try configuration.reduction.requireOneOrder()
      let (complete, idle) = (configuration, idleOptions(Set(given.map(\.name)), configuration))
      return .inWorld { world in
        StopSignal.listen(.endsProcess)
        let found = try complete.resume.map { try Checkpoint.find($0, out: complete.out, world) }
        let resumed = try found?.checkpoint.map { try resume($0, complete, arguments, given) }
        let restarted = try found?.beginning.map { try restart($0, in: complete.resume, arguments) }
        let configuration = resumed ?? restarted ?? complete
        try advising(configuration) {
          try train(
            configuration, from: found?.checkpoint, warnings: idle + (found?.warnings ?? []), in: world,
            version: CNNMPI.version)
        }
      }
    })

  /// Does something with a configuration, and says of failures which options help.
  static func advising(_ configuration: TrainingConfiguration, _ work: () throws -> Void) throws {
    guard !configuration.replaceHead || configuration.weights != nil else {
      throw UsageError(description: "--replace-head: expected --weights, the model whose head is left out")
    }
    do {
      try work()
    } catch let failure as AgreedFailure where (failure.own as? ModelError)?.cause == .otherClasses {
      throw failure.adding("; --replace-head starts with a new one")
    }
  }

  /// The checkpoint's configuration with the options of the command line.
  ///
  /// - Throws: where an option was given that the checkpoint has otherwise and that may not change.
  private static func resume(
    _ checkpoint: Checkpoint, _ configuration: TrainingConfiguration, _ arguments: [String], _ given: [O]
  ) throws(UsageError) -> TrainingConfiguration {
    var resumed = checkpoint.state.configuration
    for option in given where !option.mayChange && !option.isSame(resumed, configuration) {
      let (was, now) = (option.show(resumed) ?? "no value", option.show(configuration) ?? "no value")
      throw UsageError(
        description: "\(option.name): the checkpoint \(checkpoint.path) has \(was), the command line \(now)")
    }
    resumed.forgetStart()
    resumed.out = checkpoint.runDirectory
    try options.parse(arguments, into: &resumed)
    guard resumed.epochs >= checkpoint.state.epochsDone else {
      throw UsageError(
        description:
          "--epochs: the checkpoint \(checkpoint.path) has done \(checkpoint.state.epochsDone), the "
          + "command line asks for \(resumed.epochs)")
    }
    return resumed
  }

  /// The configuration of a run that stopped before its first checkpoint, with the options of the command
  /// line.
  private static func restart(
    _ beginning: TrainingConfiguration, in directory: String?, _ arguments: [String]
  ) throws(UsageError) -> TrainingConfiguration {
    var restarted = beginning
    restarted.forgetStart()
    restarted.out = directory
    try options.parse(arguments, into: &restarted)
    return restarted
  }

  /// Says which options have no effect beside others.
  static func idleOptions(_ names: Set<String>, _ configuration: TrainingConfiguration) -> [String] {
    func idle(_ options: [String], _ isIdle: Bool, _ reason: String) -> [String] {
      isIdle ? options.filter(names.contains).map { "\($0) has no effect \(reason)" } : []
    }
    return idle(
      ["--momentum", "--nesterov"], !configuration.optimizer.hasMomentum,
      "with --optimizer \(configuration.optimizer.rawValue)")
      + idle(
        ["--step-epochs", "--step-factor"], configuration.schedule != .step,
        "with --schedule \(configuration.schedule.rawValue)")
      + idle(["--log-every"], configuration.records == .csv, "with --records csv")
      + idle(["--batch-size"], configuration.globalBatch != nil, "with --global-batch")
      + idle(
        ["--stall-warning"],
        configuration.stallLimits.abort > 0
          && configuration.stallLimits.warning >= configuration.stallLimits.abort,
        "with --stall-abort \(shortest(configuration.stallLimits.abort))")
      + idle(["--keep"], configuration.saveEvery == .never, "with --save-every none")
  }

  private static let help = Help(
    usage: ["mpirun -np RANKS cnn-mpi [train] [options]"],
    description: """
      Trains by synchronous data-parallel SGD: every rank computes a part of each batch, the gradients are
      averaged over the ranks by MPI_Allreduce. Without options it trains on built-in synthetic digits.
      """,
    options: options.listed(defaults: TrainingConfiguration()),
    closing: """
      Results go to the run directory: run.json (what was run and what came out), metrics.csv (a row an epoch),
      metrics.jsonl (a line every --log-every steps and at the end of an epoch), events.out.tfevents.* (for
      TensorBoard), training_metrics.png and .svg (drawn by gnuplot), model.safetensors (the weights, as PyTorch
      names them), checkpoints/ (to go on from by --resume).

      SIGINT (Ctrl-C), SIGTERM, SIGUSR1 and SIGHUP stop a run behind a checkpoint; a second SIGINT ends it at
      once. Exit codes: 0 done, 1 failed, 2 usage, 75 stopped by a signal and can go on.
      """)
}

extension TrainingConfiguration {
  /// Leaves what belongs to a start, not to the run.
  fileprivate mutating func forgetStart() {
    threads = nil
    verbosity = .normal
    trace = false
    overwrite = false
    resume = nil
  }
}
