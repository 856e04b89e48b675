import Data
import Kernels
import Networks
import Optimizers
import Parallel
import System
import Tensors

/// Synchronous data-parallel SGD: every rank computes a part of each batch, the gradients are summed over the
/// ranks while the backward pass is still going on, and every rank makes the same update.
///
/// One device is 1 rank of 1 thread, mirrored 1 rank of several threads, multi-worker several ranks: the same
/// code.
package final class Synchronous: TrainingStrategy {
  package let world: World
  package let engine: Engine
  package let schedule: BatchSchedule
  private let reducer: any GradientReducer
  private let update: ParameterUpdate
  /// Takes down when each step was; nil unless a trace is wanted.
  private var steps: Timeline?

  /// Makes all memory and starts the threads. The parameters are those of rank 0.
  ///
  /// - Parameters:
  ///   - threads: threads of this rank.
  ///   - samplesDone: how many samples of its epoch were done before the first step.
  package init(
    _ network: Network, _ world: World, schedule: BatchSchedule, threads: Int, seed: UInt64,
    optimizer: any Optimizer, reduction: Reduction = Reduction(), convolution: ConvolutionMethod = .auto,
    regularization: Regularization = Regularization(), samplesDone: Int = 0
  ) throws {
    self.world = world
    self.schedule = schedule
    let parameters = try world.initialParameters(of: network, seed: seed)
    update = ParameterUpdate(parameters, network.layout, optimizer, regularization)
    let counts = schedule.microBatchCounts().union(schedule.microBatchCounts(after: samplesDone))
    let shares = counts.map { ($0, shard(of: $0, world.rank, of: world.size)) }
    engine = try world.agree {
      try Engine(
        network, parameters: parameters, microBatch: schedule.microBatch,
        shares: Dictionary(uniqueKeysWithValues: shares), threads: threads, seed: seed,
        convolution: convolution, labelSmoothing: regularization.labelSmoothing,
        keepsNodes: reduction.reproducible && world.size > 1, pulse: world.pulse)
    }
    let layout = network.layout
    reducer = try world.reducer(
      reduction, engine.gradients, nodes: engine.gradientNodes,
      uncompressed: layout.trainable.upperBound..<layout.gradientCount)
  }

  package func step(
    _ loader: BatchLoader, _ ring: PrefetchRing?, at position: TrainingPosition, learningRate: Double
  ) throws -> StepMetrics {
    let start = ContinuousClock.now
    let batch = schedule.batch(after: position.samples)
    let own = MicroBatches(
      loader, batch, indices: shard(of: batch.microBatches, world.rank, of: world.size),
      step: position.step, ring: ring)
    world.pulse.enter(.computing, step: position.step + 1)
    reducer.begin(microBatches: batch.microBatches)
    // batch -> forward -> loss -> backward, on all threads; meanwhile the gradients are summed over the ranks,
    // layer by layer as they get complete.
    try engine.gradients(of: own) { place in try reduce(completeFrom: place) }
    world.pulse.enter(.waiting)
    try clock.measure(.wait) { try reducer.finish() }
    // The sums are means now, of the metrics too: the same numbers on every rank.
    let metrics = reducedMetrics
    clock.measure(.update) {
      update.apply(engine.gradients, learningRate: learningRate, step: position.step)
    }
    steps?.add(0, number: position.step + 1, from: start, to: .now)
    return metrics
  }

  /// Starts the reduction of what is complete from `place` on, and moves those under way on.
  private func reduce(completeFrom place: Int) throws {
    if reducer.isUnderWay { clock.addHidden() }
    try clock.measure(.reduce) { try reducer.advance(to: place) }
  }

  private var clock: StepClock { engine.clock }

  /// The batch's metrics, which rode along with the gradients.
  private var reducedMetrics: StepMetrics {
    let sums = engine.gradients.unsafeMemory
    return StepMetrics(
      loss: Double(sums[layout.place(of: .loss)]), correct: Double(sums[layout.place(of: .correct)]))
  }

  package func consistentParameters() -> SharedBuffer<Float> { update.evaluatedParameters }

  package var state: [TrainingState] { update.state }

  package func gradientNorm() -> Double { update.norm(of: engine.gradients) }

  package func checkReplicas(afterStep step: Int) throws {
    try world.compare(
      [(engine.parameters, "tensor"), (update.average?.values, "the moving average of tensor")], layout,
      afterStep: step)
  }

  package func trace(steps: Timeline, threads: [Timeline], buckets: Timeline) {
    self.steps = steps
    engine.trace(threads)
    reducer.bucketTimes = BucketTimes(buckets, bucketsPerStep: reducer.bucketCount)
  }
}
