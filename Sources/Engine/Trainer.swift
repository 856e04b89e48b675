import Data
import Hashing
import Kernels
import Networks
import Optimizers
import Parallel
import System
import Tensors

/// A model in training on one rank: parameters, gradients, optimizer, threads. `Step.swift` shows what it
/// does.
package final class Trainer {
  package let world: World
  package let network: Network
  package var layout: ParameterLayout { network.layout }
  /// One arena, shared by the rank's threads, the same on all ranks.
  package let parameters: SharedBuffer<Float>
  /// The arena in which the gradients of all threads, then of all ranks, are summed.
  var gradients: SharedBuffer<Float> { pool.workers[0].gradients[0] }
  package let optimizer: any Optimizer
  let clipNorm: Double?
  /// Of the last step's gradient.
  var normBeforeClipping: Double?
  package let average: WeightAverage?
  let pool: WorkerPool
  let reducer: any GradientReducer
  /// Takes down when each step was; nil unless a trace is wanted.
  var steps: Timeline?
  /// The gradients of the rank's threads are summed from this place of the arena on.
  var mergedFrom = 0
  /// When reductions over ranks were last moved on.
  var lastAdvance = ContinuousClock.now
  let schedule: BatchSchedule
  /// By number of micro-batches of a step.
  let rankSums: [Int: RankSum]

  /// Makes all memory and starts the threads. The parameters are those of rank 0.
  ///
  /// - Parameters:
  ///   - samplesDone: of the epoch that the first step is in.
  package init(
    _ network: Network, _ world: World, schedule: BatchSchedule, threads: Int, seed: UInt64,
    optimizer: any Optimizer, reduction: Reduction = Reduction(), convolution: ConvolutionMethod = .auto,
    regularization: Regularization = Regularization(), samplesDone: Int = 0
  ) throws {
    BLAS.useOneThread()
    self.world = world
    self.schedule = schedule
    self.optimizer = optimizer
    self.network = network
    let parameters = try world.initialParameters(of: network, seed: seed)
    self.parameters = parameters
    clipNorm = regularization.clipNorm
    average = regularization.averageDecay.map { WeightAverage(of: parameters.span, decay: $0) }

    let counts = schedule.microBatchCounts().union(schedule.microBatchCounts(after: samplesDone))
    func runs(_ microBatches: Int) -> [Range<Int>] {
      let own = shard(of: microBatches, world.rank, of: world.size)
      return (0..<threads).map { shard(of: own, $0, of: threads) }
    }
    let workers = (0..<threads).map { index in
      Worker(
        index: index, network: network, microBatch: schedule.microBatch, seed: seed,
        convolution: convolution, parameters: parameters,
        depth: max(counts.map { SummationTree.depth(ofRun: runs($0)[index]) }.max()!, 1),
        labelSmoothing: regularization.labelSmoothing)
    }
    pool = try world.agree { try WorkerPool(workers, world.pulse) }
    var sums: [Int: RankSum] = [:]
    for count in counts {
      sums[count] = RankSum(of: runs(count), workers, stopsAtNodes: reduction.reproducible && world.size > 1)
    }
    rankSums = sums
    let layout = network.layout
    reducer = try world.reducer(
      reduction, workers[0].gradients[0], nodes: sums.mapValues(\.nodes),
      exact: layout.trainable.upperBound..<layout.gradientCount)
  }

  /// The part of the step at `position` that this rank computes.
  package func stepShare(_ loader: BatchLoader, at position: TrainingPosition) -> StepShare {
    let batch = schedule.batch(after: position.samples)
    return StepShare(
      loader: loader, batch: batch, step: position.step,
      run: shard(of: batch.microBatches, world.rank, of: world.size), threads: pool.workers.count)
  }

  /// Time spent in the parts of all steps so far, as the thread sees it that leads this rank.
  package var times: StepTimes { pool.workers[0].clock.times }

  /// L2 norm of the last step's gradient, the mean over the global batch, before clipping: the same on every
  /// rank.
  package func gradientNorm() -> Double {
    normBeforeClipping ?? Optimizers.gradientNorm(gradients.span.extracting(layout.trainable))
  }

  /// All parameters are numbers.
  package var isFinite: Bool { Optimizers.gradientNorm(evaluatedParameters.span).isFinite }

  /// What the compiled model's operations cost.
  package var costs: [OperationCost] { pool.workers[0].plan.costs }

  /// SHA-256 of all evaluated parameters and running statistics, in layout order, without the gaps.
  package var weightsSHA256: String {
    var hash = SHA256()
    let parameters = evaluatedParameters
    for tensor in layout.tensors { hash.update(parameters.span.extracting(tensor.range).bytes) }
    return hash.hexDigest()
  }

  /// From now on steps, threads and reductions are taken down.
  package func trace(steps: Timeline, threads: [Timeline], buckets: Timeline) {
    self.steps = steps
    for (worker, timeline) in zip(pool.workers, threads) { worker.clock.timeline = timeline }
    reducer.bucketTimes = BucketTimes(buckets, bucketsPerStep: reducer.bucketCount)
  }

  /// Number of threads of this rank.
  package var threadCount: Int { pool.workers.count }
}
