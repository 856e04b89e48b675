import Data
import Kernels
import Networks
import Parallel
import Tensors

/// A model for inference on one rank: parameters and threads, but no gradients and no optimizer.
package final class Evaluator {
  private let world: World
  private let pool: WorkerPool
  private let parameters: SharedBuffer<Float>

  /// Makes all memory and starts the threads. The parameters are the starting ones, those of rank 0.
  package init(
    _ network: Network, _ world: World, microBatch: Int, threads: Int, seed: UInt64,
    convolution: ConvolutionMethod = .auto
  ) throws {
    BLAS.useOneThread()
    self.world = world
    let parameters = try world.initialParameters(of: network, seed: seed)
    self.parameters = parameters
    pool = WorkerPool(
      (0..<threads).map { index in
        Worker(
          index: index, network: network, microBatch: microBatch, seed: seed, convolution: convolution,
          parameters: parameters, depth: 0)
      })
  }

  /// Evaluates the parameters on all samples of `loader`, as `Trainer.evaluate` does.
  package func evaluate(_ loader: BatchLoader) throws -> EvaluationResult {
    try pool.evaluate(loader, parameters, in: world)
  }

  /// Time spent so far, as the thread sees it that calls.
  package var times: StepTimes { pool.workers[0].clock.times }

  package var costs: [OperationCost] { pool.workers[0].plan.costs }
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
