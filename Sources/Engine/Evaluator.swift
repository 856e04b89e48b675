import Data
import Kernels
import Networks
import Parallel
import Tensors

/// A model for inference on one rank: parameters and threads, but no gradients and no optimizer.
package final class Evaluator {
  private let world: World
  private let engine: Engine

  /// Makes all memory and starts the threads. The parameters are the starting ones, those of rank 0.
  package convenience init(
    _ network: Network, _ world: World, microBatch: Int, threads: Int, seed: UInt64,
    convolution: ConvolutionMethod = .auto
  ) throws {
    try self.init(
      network, parameters: try world.initialParameters(of: network, seed: seed), world,
      microBatch: microBatch,
      threads: threads, seed: seed, convolution: convolution)
  }

  /// - Parameter parameters: the same on all ranks.
  /// - Throws: on all ranks, when one cannot start its threads.
  package init(
    _ network: Network, parameters: SharedBuffer<Float>, _ world: World, microBatch: Int, threads: Int,
    seed: UInt64, convolution: ConvolutionMethod
  ) throws {
    self.world = world
    engine = try world.agree {
      try Engine(
        network, parameters: parameters, microBatch: microBatch, threads: threads, seed: seed,
        convolution: convolution, pulse: world.pulse)
    }
  }

  /// The logits, (N, classes), of all samples of `loader`, on every rank. They do not depend on how many
  /// ranks and threads compute them.
  package func logits(_ loader: BatchLoader) throws -> [Float] {
    try engine.infer(loader, engine.parameters, in: world, keeping: .logits).kept.array()
  }

  /// The positions of those of `count` samples that this rank computes: only these need their images.
  package func positions(ofSamples count: Int) -> Range<Int> {
    let size = engine.pool.leader.plan.maximumBatch
    let run = shard(of: (count + size - 1) / size, world.rank, of: world.size)
    return min(run.lowerBound * size, count)..<min(run.upperBound * size, count)
  }

  /// Evaluates the parameters on all samples of `loader`, as `TrainingStrategy.evaluate` does.
  ///
  /// - Parameter keepCertainties: whether the result says of each sample how sure the model is.
  package func evaluate(_ loader: BatchLoader, keepCertainties: Bool = false) throws -> EvaluationResult {
    try engine.evaluate(loader, engine.parameters, in: world, keepCertainties: keepCertainties)
  }

  /// Time spent so far, as the thread sees it that calls.
  package var times: StepTimes { engine.clock.times }

  package var costs: [OperationCost] { engine.costs }
}

extension World {
  /// The values that a network starts with, those of rank 0, in a new arena.
  func initialParameters(of network: Network, seed: UInt64) throws -> SharedBuffer<Float> {
    let parameters = SharedBuffer<Float>(repeating: 0, count: network.layout.parameterCount)
    var values = parameters.mutableSpan
    network.initialize(&values, seed: seed)
    try communicator.broadcast(&values)
    return parameters
  }
}
