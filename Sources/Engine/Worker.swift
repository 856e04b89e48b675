import Data
import Kernels
import Networks
import Parallel
import Synchronization
import Tensors

/// One thread of a rank: its plan, and the gradients of the micro-batches that it computes.
///
/// A worker is used by one thread at a time. What others read of it, the gradients from `completed` on, it
/// shows them by that atomic store; the outcome of an evaluation is read when the thread is done.
final class Worker: @unchecked Sendable {
  let index: Int
  let plan: Plan
  let parameters: SharedBuffer<Float>
  /// A stack of partial sums, see `SummationTree`; the last micro-batch's gradients are on top.
  let gradients: [SharedBuffer<Float>]
  /// The gradients of the step under way are complete from this place of the arena on.
  let completed = Atomic<Int>(0)
  /// Where this thread's time goes.
  var clock = StepClock()

  /// - Parameter depth: most gradients that are kept at once; 0 for inference.
  init(
    index: Int, network: Network, microBatch: Int, seed: UInt64, convolution: ConvolutionMethod,
    parameters: SharedBuffer<Float>, depth: Int, labelSmoothing: Float = 0
  ) {
    self.index = index
    self.parameters = parameters
    plan = Plan(
      network, maximumBatch: microBatch, seed: seed, convolution: convolution,
      labelSmoothing: labelSmoothing, forwardOnly: depth == 0)
    gradients = (0..<depth).map { _ in SharedBuffer(repeating: 0, count: network.layout.gradientCount) }
  }
}
