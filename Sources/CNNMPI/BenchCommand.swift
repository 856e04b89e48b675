import Benchmarks
import Networks
import Reporting

/// `cnn-mpi bench`: measures the machine and the program, one kind a second word.
enum BenchCommand {
  private typealias O = Option<BenchmarkConfiguration>

  private static let model = [
    O("--model", \.training.model, .text("NAME|FILE.json"), "one of \(ModelZoo.names)"),
    O("--conv", \.training.convolution, .choice, "how convolutions are computed; auto goes by their shapes"),
    O("--batch-size", \.training.batchSize, .count(), "images a step and rank"),
    O("--micro-batch", \.training.microBatch, .count(), "images a thread computes at once [at most 32]"),
    O("--forward", \.forwardOnly, "inference: forward passes alone, without memory for gradients"),
    O("--seed", \.training.seed, .seed, "of weights, images, labels and dropout"),
  ]

  private static let data =
    [
      O("--data", \.training.data, .text("PATH"), "images, in a form that train takes"),
      O("--model", \.training.model, .text("NAME|FILE.json"), "photos become the size of its input"),
      O("--train-samples", \.training.trainSamples, .count(), "use only N images"),
    ] + dataOptions(caching: false).map { O($0, of: \.training) } + [
      O(
        "--threads", \.training.threads, .count(upTo: 1024),
        "threads a rank [its cores / ranks that share them]")
    ]

  private static let parallel = [
    O(
      "--threads", \.training.threads, .count(upTo: 1024),
      "threads a rank [its cores / ranks that share them]"),
    O("--bucket-kilobytes", \.training.bucketKilobytes, .count(), "gradients reduced in one piece"),
    O("--reproducible", \.training.reproducible, "sum over ranks in a fixed order"),
    O("--compress", \.training.compression, .choice, "gradients between ranks, or hosts, in 16 bits"),
    O("--hierarchical", \.training.hierarchical, "sum within each host first, then between hosts"),
  ]

  private static let output = [
    O("--repetitions", \.repetitions, .count(), "measurements, of which the median counts"),
    O("--json", \.json, "print JSON instead of a table"),
  ]

  private static func options(_ kind: Benchmark) -> OptionTable<BenchmarkConfiguration> {
    switch kind {
    case .loader:
      OptionTable(
        groups: [
          ("Data", data), ("Augmentation", augmentationOptions.map { O($0, of: \.training) }),
          ("Measurement", output),
        ])
    case .gemm, .allreduce: OptionTable(groups: [("Measurement", output)])
    case .layers: OptionTable(groups: [("Model", model), ("Measurement", output)])
    case .step:
      OptionTable(groups: [("Model", model), ("Threads and ranks", parallel), ("Measurement", output)])
    }
  }

  /// What a kind measures, in a line.
  private static func measured(_ kind: Benchmark) -> String {
    switch kind {
    case .gemm: "sgemm on one core, by shape; the peak is the best median"
    case .layers: "each operation of a model, forward and backward, on one core"
    case .loader: "how fast images are read, decoded, varied and normalised"
    case .step: "images a second of whole training steps, and the parts of a step"
    case .allreduce: "MPI_Allreduce by size, with latency and bandwidth"
    }
  }

  private static func details(_ kind: Benchmark) -> String {
    switch kind {
    case .gemm:
      """
      Squares, and the products that convolutions and dense layers come to, by the OpenBLAS kernel in use;
      OPENBLAS_CORETYPE=Haswell (or SkylakeX, Zen, ...) in the environment measures another one.
      Several ranks measure at the same time; the table is rank 0's.
      """
    case .layers:
      """
      Times the operations of the compiled plan one by one, in the order of training. GFLOP/s count the
      direct algorithm, so that a faster one can exceed the sgemm peak measured in the same run; bytes are
      those that have to be moved at least. Several ranks measure at the same time; the table is rank 0's.
      """
    case .step:
      """
      Runs training's own steps on random images of the model's input shape. Parts of a step, as the leading
      thread of a rank sees them: data, forward, backward, sum (over micro-batches and threads), reduce
      (calls into MPI during the backward pass), wait (for reductions after it), update. Microseconds are per
      image of a rank.
      """
    case .loader:
      """
      Loads every image of the training part once a repetition, as training does without keeping decoded images:
      reads, decodes, varies and normalises it, without a network behind. Each rank loads them all.
      """
    case .allreduce:
      """
      Sums floats over all ranks, 4 B to 64 MiB in powers of 4. Latency and bandwidth are the least squares of
      relative errors, so that small sizes count as much as large ones.
      """
    }
  }

  static let subcommand = Subcommand(
    name: "bench", summary: "measures the machine and the program",
    help: Help(
      usage: ["[mpirun -np RANKS] cnn-mpi bench KIND [options]"],
      description: "Measures the machine, the operations of a model, training steps and communication."),
    parse: { arguments throws(UsageError) in
      let known = Benchmark.allCases.map(\.rawValue).joined(separator: ", ")
      let found = arguments.first.map { "\"\($0)\"" } ?? "nothing"
      throw UsageError(description: "bench: expected one of \(known), found \(found)")
    }, members: Benchmark.allCases.map(subcommand))

  private static func subcommand(_ kind: Benchmark) -> Subcommand {
    Subcommand(
      name: "bench \(kind.rawValue)", summary: "measures \(measured(kind))", help: help(kind),
      parse: { arguments throws(UsageError) in
        var configuration = BenchmarkConfiguration()
        try options(kind).parse(arguments, into: &configuration)
        try configuration.training.reduction.requireOneOrder()
        if kind == .loader, configuration.training.data == "synthetic" {
          throw UsageError(description: "bench loader: expected --data PATH, found none")
        }
        let complete = configuration
        return .inWorld { world in
          if kind == .loader { try world.limitFileWaits(to: complete.training.dataOptions.timeout) }
          let report = try bench(kind, complete, in: world, version: CNNMPI.version)
          try world.print(report)
        }
      })
  }

  private static func help(_ kind: Benchmark) -> Help {
    Help(
      usage: ["[mpirun -np RANKS] cnn-mpi bench \(kind.rawValue) [options]"],
      description: """
        Measures \(measured(kind)).

        \(details(kind))
        """,
      options: options(kind).listed(defaults: BenchmarkConfiguration()),
      closing: "Exit codes: 0 done, 1 failed, 2 usage.")
  }
}
