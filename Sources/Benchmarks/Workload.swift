import Networks
import Parallel
import Reporting
import Runs
import System

/// A model and how much of it is computed at once.
struct Workload {
  let network: Network
  /// Images a step and rank.
  let batchSize: Int
  /// Images a step of all ranks.
  let globalBatch: Int
  let microBatch: Int
  /// The number of this rank's threads.
  let threads: Int

  /// - Throws: on all ranks, when the model cannot be.
  init(_ configuration: BenchmarkConfiguration, _ world: World) throws {
    let training = configuration.training
    let described = try world.agree { try Network(ModelDescription(named: training.model)) }
    // Inference is of the network that inference runs, with batch normalisation folded.
    network = configuration.forwardOnly ? FoldedNetwork(described).network : described
    batchSize = training.batchSize
    globalBatch = batchSize * world.size
    microBatch = training.microBatch(worldSize: world.size)
    threads = training.threads ?? world.threadsPerRank
  }

  /// - Throws: on all ranks, when what `StepRunner` makes does not fit into the memory of one.
  func requireMemoryOfSteps(_ configuration: BenchmarkConfiguration, _ world: World) throws {
    let training = configuration.training
    let steps = StepRunner.stepsPerEpoch(configuration)
    try world.requireMemory(
      RandomBatches.memory(for: network, samples: globalBatch * steps),
      for: "an order of \(steps) x \(grouped(globalBatch)) images", hint: "a smaller batch takes less")
    let schedule = BatchSchedule(
      samples: globalBatch * steps, globalBatch: globalBatch, microBatch: microBatch)
    let need =
      configuration.forwardOnly
      ? network.memoryNeed(
        microBatch: schedule.microBatch, threads: threads, gradients: 0, convolution: training.convolution)
      : training.memoryNeed(for: network, schedule, threads: threads, in: world)
    try world.requireMemory(
      need + RandomBatches.memory(for: network, samples: globalBatch * steps),
      toTrain: !configuration.forwardOnly, network, microBatch: schedule.microBatch)
  }

  /// - Throws: on all ranks, when what `LayerTimes` makes for `count` images does not fit into the memory of
  ///   one.
  func requireMemoryOfLayers(
    _ configuration: BenchmarkConfiguration, count: Int, _ world: World
  ) throws {
    try world.requireMemory(
      network.memoryNeed(
        microBatch: count, threads: 1, gradients: configuration.forwardOnly ? 0 : 1,
        convolution: configuration.training.convolution)
        + RandomBatches.memory(for: network, samples: count), toTrain: !configuration.forwardOnly, network,
      microBatch: count)
  }
}
