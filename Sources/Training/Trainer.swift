import Data
import Kernels
import Networks
import Optimizers
import Parallel
import Tensors

/// A model in training on one rank: parameters, gradients, optimizer, threads. `Step.swift` shows what it
/// does.
package final class Trainer {
  let world: World
  let layout: ParameterLayout
  /// One arena, shared by the rank's threads, the same on all ranks.
  let parameters: SharedBuffer<Float>
  /// The arena in which the gradients of all threads, then of all ranks, are summed.
  var gradients: SharedBuffer<Float> { pool.workers[0].gradients[0] }
  let optimizer: any Optimizer
  let pool: WorkerPool
  var reducer: GradientReducer
  /// The gradients of the rank's threads are summed from this place of the arena on.
  var mergedFrom = 0
  let schedule: BatchSchedule
  let fullStepMerges: [BufferMerge]
  let lastStepMerges: [BufferMerge]

  /// Makes all memory and starts the threads. The parameters are those of rank 0.
  package init(
    _ network: Network, _ world: World, schedule: BatchSchedule, threads: Int, seed: UInt64,
    optimizer: any Optimizer, bucketBytes: Int, convolution: ConvolutionMethod = .auto
  ) throws {
    BLAS.useOneThread()
    self.world = world
    self.schedule = schedule
    self.optimizer = optimizer
    layout = network.layout
    let parameters = try world.initialParameters(of: network, seed: seed)
    self.parameters = parameters

    func runs(inStep step: Int) -> [Range<Int>] {
      let own = shard(of: schedule.microBatches(inStep: step), world.rank, of: world.size)
      return (0..<threads).map { shard(of: own, $0, of: threads) }
    }
    let (full, last) = (runs(inStep: 0), runs(inStep: schedule.stepsPerEpoch - 1))
    pool = WorkerPool(
      (0..<threads).map { index in
        Worker(
          index: index, network: network, microBatch: schedule.microBatch, seed: seed,
          convolution: convolution, parameters: parameters,
          depth: max(SummationTree.depth(ofRun: full[index]), SummationTree.depth(ofRun: last[index]), 1))
      })
    fullStepMerges = bufferMerges(of: full, pool.workers)
    lastStepMerges = bufferMerges(of: last, pool.workers)
    reducer = GradientReducer(world, pool.workers[0].gradients[0], bucketBytes: bucketBytes)
  }

  /// The part of step `stepInEpoch` of epoch `epoch`, from 0, that this rank computes.
  package func stepShare(_ loader: BatchLoader, stepInEpoch: Int, epoch: Int) -> StepShare {
    StepShare(
      loader: loader, schedule: schedule, stepInEpoch: stepInEpoch,
      step: epoch * schedule.stepsPerEpoch + stepInEpoch,
      run: shard(of: schedule.microBatches(inStep: stepInEpoch), world.rank, of: world.size),
      threads: pool.workers.count)
  }

  /// Time spent in the parts of all steps so far, as the thread sees it that leads this rank.
  package var times: StepTimes { pool.workers[0].clock.times }

  /// What the compiled model's operations cost.
  package var costs: [OperationCost] { pool.workers[0].plan.costs }

  /// SHA-256 of all parameters and running statistics, in layout order, without the gaps.
  package var weightsSHA256: String {
    var hash = SHA256()
    let parameters = parameters
    for tensor in layout.tensors { hash.update(parameters.span.extracting(tensor.range).bytes) }
    return hash.hexDigest()
  }
}
