import Glibc
import Kernels
import Networks
import Parallel
import System
import Tensors

/// What computes on a rank: threads with a compiled plan each, the parameters that they share, and the
/// gradients that they leave behind.
///
/// An engine knows nothing of other ranks: a `TrainingStrategy` tells it which micro-batches to compute, and
/// does with their gradients what it is for.
package final class Engine {
  package let network: Network
  /// One arena of the network's layout, shared by the threads.
  package let parameters: SharedBuffer<Float>
  let pool: WorkerPool
  private let sum: GradientSum

  /// Makes all memory and starts the threads.
  ///
  /// - Parameters:
  ///   - parameters: (`network.layout.parameterCount`)
  ///   - microBatch: most samples of a micro-batch.
  ///   - shares: the micro-batches that `gradients` will be asked for, by the number of micro-batches of
  ///     their batch; empty for inference alone, which needs no memory for gradients.
  ///   - seed: decides what dropout leaves out.
  ///   - labelSmoothing: belongs to the training loss, see `softmaxCrossEntropy`.
  ///   - keepsNodes: do not sum what is left of the rank's micro-batches beyond the nodes of `SummationTree`,
  ///     for a reduction that goes on with the tree across ranks.
  ///   - pulse: beats as this rank gets further.
  /// - Throws: where there can be no further thread.
  package init(
    _ network: Network, parameters: SharedBuffer<Float>, microBatch: Int, shares: [Int: Range<Int>] = [:],
    threads: Int, seed: UInt64, convolution: ConvolutionMethod = .auto, labelSmoothing: Float = 0,
    keepsNodes: Bool = false, pulse: Pulse
  ) throws(SystemError) {
    BLAS.useOneThread()
    self.network = network
    self.parameters = parameters
    let workers = (0..<threads).map { index in
      Worker(
        index: index, of: threads, network: network, microBatch: microBatch, seed: seed,
        convolution: convolution, parameters: parameters,
        gradientCount: Worker.gradientCount(for: shares.values, index, of: threads),
        labelSmoothing: labelSmoothing)
    }
    sum = GradientSum(of: workers, shares: shares, keepsNodes: keepsNodes)
    pool = try WorkerPool(workers, pulse)
  }

  /// The arena in which the gradients of the rank's micro-batches end up, in the layout of `network`: gradients,
  /// the batch's statistics, and the step metrics.
  package var gradients: SharedBuffer<Float> { pool.workers[0].gradients[0] }

  /// The arenas of the summation tree's nodes that this rank's micro-batches cover, by the number of
  /// micro-batches of a batch: with `keepsNodes` several, the first of them `gradients`.
  package var gradientNodes: [Int: [SharedBuffer<Float>]] { sum.nodes }

  /// Forward and backward passes of a run of micro-batches on all threads; their gradients are summed in
  /// `gradients`, in the order of `SummationTree`.
  ///
  /// - Parameter onComplete: called with the place of the arena from which on the sums are complete, again
  ///   and again while the backward passes complete the arena from its end to its start: 0 at last.
  /// - Returns: what these micro-batches contribute to the batch's metrics.
  @discardableResult
  package func gradients(
    of microBatches: MicroBatches, onComplete: (_ place: Int) throws -> Void
  ) throws -> StepMetrics {
    try pool.clock.measure(.sum) {
      sum.begin(microBatches)
      pool.start(.gradients(microBatches))
      let own = Result {
        try pool.leader.gradients(of: microBatches) { try onComplete(sum.addComplete()) }
        while !sum.isComplete {
          sched_yield()
          try onComplete(sum.addComplete())
        }
      }
      try pool.wait()
      try own.get()
    }
    return pool.workers.reduce(into: StepMetrics()) { $0 += $1.metrics }
  }

  /// Where the time of the thread goes that leads this rank.
  package var clock: StepClock { pool.clock }

  /// Number of threads.
  package var threads: Int { pool.workers.count }

  /// What the compiled plan's operations cost.
  package var costs: [OperationCost] { pool.leader.plan.costs }

  /// From now on all parts of all threads' work are taken down.
  func trace(_ threads: [Timeline]) {
    for (worker, timeline) in zip(pool.workers, threads) { worker.clock.timeline = timeline }
  }
}
