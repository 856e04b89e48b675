import Engine
import Models
import Networks
import Parallel
import Reporting
import Runs

/// `cnn-mpi bench step`: how fast whole steps are, and where their time goes.
struct StepReport: BenchmarkReport {
  /// The parts of a step, see `StepPart`, and the whole step.
  struct Parts: Encodable {
    let data: Double
    let forward: Double
    let backward: Double
    let sum: Double
    let reduce: Double
    let wait: Double
    let update: Double
    let step: Double
  }

  enum Mode: String, Encodable { case training, forward }

  let benchmark = Benchmark.step.rawValue
  let environment: RunEnvironment
  /// What costs speed and can be mended.
  let warnings: [String]
  let mode: Mode
  let model: String
  let modelParameters: Int
  /// Images a rank.
  let batchSize: Int
  let globalBatch: Int
  let microBatch: Int
  let ranks: Int
  /// The number of rank 0's threads.
  let threads: Int
  let bucketKilobytes: Int
  /// How gradients are summed over ranks.
  let reduction: String
  let reproducible: Bool
  let repetitions: Int
  let stepsPerRepetition: Int
  /// The speed of all ranks together: median, slowest and fastest repetition.
  let imagesPerSecond: Double
  let imagesPerSecondMin: Double
  let imagesPerSecondMax: Double
  /// The operations of the direct algorithms.
  let flopPerImage: Int
  /// The speed of all ranks together.
  let gflops: Double
  /// The peak of one core, a mean over the ranks.
  let sgemmPeakGflops: Double
  /// The share of the peak of all ranks' threads together, each on a core of its own.
  let percentOfPeak: Double
  /// Wall time over a rank's own images, mean over the ranks; medians, so that the parts need not add up
  /// exactly.
  let microsecondsPerImage: Parts
  let percentOfStep: Parts
  /// How long reductions were under way behind other parts.
  let hiddenMicrosecondsPerImage: Double
}

extension StepReport {
  init(_ configuration: BenchmarkConfiguration, _ world: World, _ environment: RunEnvironment) throws {
    let workload = try Workload(configuration, world)
    try workload.requireMemoryOfSteps(configuration, world)
    let peak = try GemmPeak(world, repetitions: configuration.repetitions)
    let allCores = try world.communicator.allReduce(peak.own * Double(workload.threads), .sum)
    let runner = try StepRunner(workload, configuration, world)
    let times = try runner.measure(world, repetitions: configuration.repetitions)
    let images = Double(workload.globalBatch)

    self.environment = environment
    warnings =
      try configuration.training.reduction.idleWarnings(hosts: world.hosts) + world.placementWarnings()
      + world.idleThreadWarnings(runner.schedule, threads: workload.threads)
    mode = configuration.forwardOnly ? .forward : .training
    model = workload.network.description.name
    modelParameters = workload.network.layout.trainableNumbers
    batchSize = workload.batchSize
    globalBatch = workload.globalBatch
    microBatch = runner.schedule.microBatch
    ranks = world.size
    threads = workload.threads
    bucketKilobytes = configuration.training.bucketKilobytes
    reduction = configuration.training.reduction.words
    reproducible = configuration.training.reproducible
    repetitions = configuration.repetitions
    stepsPerRepetition = times.stepsPerRepetition
    imagesPerSecond = images / times.step.median
    imagesPerSecondMin = images / times.step.maximum
    imagesPerSecondMax = images / times.step.minimum
    flopPerImage = runner.flopPerImage
    gflops = imagesPerSecond * Double(flopPerImage) / 1e9
    sgemmPeakGflops = peak.mean
    percentOfPeak = 100 * gflops / allCores
    microsecondsPerImage = Parts(times, scale: 1e6 / Double(workload.batchSize))
    percentOfStep = Parts(times, scale: 100 / times.step.median)
    hiddenMicrosecondsPerImage = times.parts.hidden * 1e6 / Double(workload.batchSize)
  }
}

extension StepReport.Parts {
  /// - Parameter scale: factor on the seconds.
  init(_ times: StepRunner.Times, scale: Double) {
    func scaled(_ part: StepPart) -> Double { times.parts[part] * scale }
    data = scaled(.data)
    forward = scaled(.forward)
    backward = scaled(.backward)
    sum = scaled(.sum)
    reduce = scaled(.reduce)
    wait = scaled(.wait)
    update = scaled(.update)
    step = times.step.median * scale
  }
}

extension StepReport {
  var text: String {
    let batch = "\(batchSize) images a rank, in micro-batches of \(microBatch)"
    func rate(_ value: Double) -> String { value < 100 ? decimal(value, 2) : grouped(value) }
    let rates = "\(rate(imagesPerSecond)) (\(rate(imagesPerSecondMin)) to \(rate(imagesPerSecondMax)))"
    let facts = [
      ("model", "\(model), \(grouped(modelParameters)) parameters, \(mode.rawValue)"),
      ("batch", batch),
      ("reduction", reduction),
      ("hidden", "\(decimal(hiddenMicrosecondsPerImage, 2)) us/image of reductions, behind other parts"),
      ("threads", "\(threads) a rank"),
      ("steps", "\(stepsPerRepetition) a repetition"),
      ("images/s", rates),
      (
        "GFLOP/s",
        "\(decimal(gflops, 1)), \(decimal(percentOfPeak, 1)) % of the sgemm peak of "
          + "\(decimal(sgemmPeakGflops, 1)) a core; \(decimal(Double(flopPerImage) / 1e6, 1)) MFLOP an image"
      ),
    ]
    let rows = zip(microsecondsPerImage.named, percentOfStep.named).map { microseconds, share in
      [microseconds.name, decimal(microseconds.value, 2), decimal(share.value, 1)]
    }
    return reportText(benchmark, environment, repetitions, ranks, facts, warnings: warnings)
      + columns(["part", "us/image", "% of step"], rows)
  }
}

extension StepReport.Parts {
  fileprivate var named: [(name: String, value: Double)] {
    [
      ("data", data), ("forward", forward), ("backward", backward), ("sum", sum), ("reduce", reduce),
      ("wait", wait),
      ("update", update), ("step", step),
    ]
  }
}
