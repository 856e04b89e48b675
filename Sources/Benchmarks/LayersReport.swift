import Engine
import Models
import Networks
import Parallel
import Reporting
import Runs
import Tensors

/// `cnn-mpi bench layers`: what each operation of a model's plan takes on one core.
struct LayersReport: BenchmarkReport {
  /// An operation's pass in one direction.
  struct Pass: Encodable {
    let microsecondsPerImage: Double
    /// The speed that the direct algorithm would have; above the peak where a faster one is used.
    let gflops: Double
    let percentOfPeak: Double
    /// That have to be moved at least.
    let bytesPerImage: Double
    let gigabytesPerSecond: Double

    /// A row for one or more operations.
    ///
    /// - Parameters:
    ///   - seconds: of each for `count` images.
    ///   - costs: floating-point operations of each for one image, bytes for `count`.
    ///   - peak: GFLOP/s.
    init(_ seconds: ArraySlice<Double>, _ costs: [(flop: Int, bytes: Int)], _ count: Int, _ peak: Double) {
      let (seconds, images) = (seconds.reduce(0, +), Double(count))
      let (flop, bytes) = costs.reduce((0.0, 0.0)) {
        ($0.0 + Double($1.flop) * images, $0.1 + Double($1.bytes))
      }
      microsecondsPerImage = seconds * 1e6 / images
      gflops = flop / seconds / 1e9
      percentOfPeak = 100 * gflops / peak
      bytesPerImage = bytes / images
      gigabytesPerSecond = bytes / seconds / 1e9
    }
  }

  struct Row: Encodable {
    /// The layers that it computes.
    let name: String
    /// How a convolution is computed; nil for others.
    let algorithm: String?
    let input: Shape
    let output: Shape
    let parameters: Int
    let forward: Pass
    /// Nil with `--forward`.
    let backward: Pass?
  }

  let benchmark = Benchmark.layers.rawValue
  let environment: RunEnvironment
  /// What costs speed and can be mended.
  let warnings: [String]
  let model: String
  let microBatch: Int
  /// They measure at the same time; the operations are rank 0's.
  let ranks: Int
  let repetitions: Int
  /// The peak of one core of rank 0.
  let sgemmPeakGflops: Double
  /// Bytes of activations, and without `--forward` of their gradients, which share memory.
  let activationBytes: Double
  /// Bytes that they would take if each had memory of its own.
  let unsharedActivationBytes: Double
  let operations: [Row]
  /// Softmax and cross-entropy with their gradient.
  let lossMicrosecondsPerImage: Double
  let forward: Pass
  let backward: Pass?

  init(_ configuration: BenchmarkConfiguration, _ world: World, _ environment: RunEnvironment) throws {
    var configuration = configuration
    configuration.training.threads = 1
    let workload = try Workload(configuration, world)
    let count = min(workload.microBatch, workload.batchSize)
    try workload.requireMemoryOfLayers(configuration, count: count, world)
    let peak = try GemmPeak(world, repetitions: configuration.repetitions).own
    let layers = LayerTimes(
      workload.network, microBatch: count, seed: configuration.training.seed,
      convolution: configuration.training.convolution, forwardOnly: configuration.forwardOnly)
    try world.communicator.barrier()
    let times = layers.measure(repetitions: configuration.repetitions)
    let costs = layers.costs

    func forward(_ indices: Range<Int>) -> Pass {
      Pass(
        times.forward[indices], costs[indices].map { ($0.forwardFLOP, $0.forwardBytes(count)) }, count, peak)
    }
    func backward(_ indices: Range<Int>) -> Pass? {
      guard !configuration.forwardOnly else { return nil }
      return Pass(
        times.backward[indices], costs[indices].map { ($0.backwardFLOP, $0.backwardBytes(count)) }, count,
        peak)
    }
    self.environment = environment
    warnings = try world.placementWarnings()
    model = workload.network.description.name
    microBatch = count
    ranks = world.size
    repetitions = configuration.repetitions
    sgemmPeakGflops = peak
    (activationBytes, unsharedActivationBytes) = Plan.activationMemory(
      of: workload.network, maximumBatch: count, convolution: configuration.training.convolution,
      forwardOnly: configuration.forwardOnly)
    operations = costs.enumerated().map { index, cost in
      Row(
        name: cost.name, algorithm: cost.algorithm, input: cost.input, output: cost.output,
        parameters: cost.parameters,
        forward: forward(index..<index + 1), backward: backward(index..<index + 1))
    }
    lossMicrosecondsPerImage = times.loss * 1e6 / Double(count)
    self.forward = forward(costs.indices)
    self.backward = backward(costs.indices)
  }
}

extension LayersReport {
  var text: String {
    let total =
      forward.microsecondsPerImage + lossMicrosecondsPerImage + (backward?.microsecondsPerImage ?? 0)
    func row(_ name: String, _ output: String, _ algorithm: String?, _ pass: Pass) -> [String] {
      let hasProducts = pass.gflops > 0
      return [
        name, output, decimal(pass.microsecondsPerImage, 2),
        decimal(100 * pass.microsecondsPerImage / total, 1), hasProducts ? decimal(pass.gflops, 1) : "",
        hasProducts ? decimal(pass.percentOfPeak, 1) : "", decimal(pass.bytesPerImage / 1e3, 1),
        decimal(pass.gigabytesPerSecond, 1), algorithm ?? "",
      ]
    }
    var rows = operations.map { row($0.name, "\($0.output)", $0.algorithm, $0.forward) }
    rows.append(row("all forward", "", nil, forward))
    if let backward {
      let share = decimal(100 * lossMicrosecondsPerImage / total, 1)
      rows.append(["loss", "", decimal(lossMicrosecondsPerImage, 2), share, "", "", "", "", ""])
      for operation in operations.reversed() {
        if let pass = operation.backward {
          rows.append(row("d " + operation.name, "\(operation.input)", operation.algorithm, pass))
        }
      }
      rows.append(row("all backward", "", nil, backward))
    }
    let facts = [
      ("model", "\(model), micro-batches of \(microBatch), one thread"),
      ("sgemm peak", "\(decimal(sgemmPeakGflops, 1)) GFLOP/s a core"),
      (
        backward == nil ? "activations" : "activations and gradients",
        "\(decimal(activationBytes / 1e6, 1)) MB; \(decimal(unsharedActivationBytes / 1e6, 1)) MB without sharing memory"
      ),
    ]
    return reportText(benchmark, environment, repetitions, ranks, facts, warnings: warnings)
      + columns(
        [
          "operation", "result", "us/image", "% of time", "GFLOP/s", "% of peak", "KB/image", "GB/s",
          "algorithm",
        ], rows)
  }
}
