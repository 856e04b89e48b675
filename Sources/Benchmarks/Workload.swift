import Networks
import Parallel
import Runs

/// A model and how much of it is computed at once.
struct Workload {
  let network: Network
  /// Images a step and rank.
  let batchSize: Int
  /// Images a step of all ranks.
  let globalBatch: Int
  let microBatch: Int
  /// Of this rank.
  let threads: Int

  /// - Throws: on all ranks, when the model cannot be, or does not fit into the memory of one.
  init(_ configuration: BenchmarkConfiguration, _ world: World) throws {
    let training = configuration.training
    network = try world.agree { try Network(ModelDescription(named: training.model)) }
    batchSize = training.batchSize
    globalBatch = batchSize * world.size
    microBatch = training.microBatch(worldSize: world.size)
    threads = training.threads ?? world.threadsPerRank
    try world.requireMemory(
      for: network, microBatch: min(microBatch, globalBatch), threads: threads,
      forwardOnly: configuration.forwardOnly)
  }
}
