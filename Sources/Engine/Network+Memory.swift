import Kernels
import Networks
import Parallel
import System

extension Network {
  /// What a rank's parameters and threads take: for each thread its plan, its gradients, a stack, and the
  /// buffer that BLAS maps for it.
  ///
  /// - Parameter gradients: arenas of a thread for the partial sums of its micro-batches, see
  ///   `SummationTree.depth`; 0 for inference.
  package func memoryNeed(
    microBatch: Int, threads: Int, gradients: Int, convolution: ConvolutionMethod = .auto
  ) -> MemoryNeed {
    let plan = Plan.memory(
      of: self, maximumBatch: microBatch, convolution: convolution, forwardOnly: gradients == 0)
    let thread = plan + gradientBytes * Double(gradients)
    return MemoryNeed(
      written: arenaBytes + thread * Double(threads),
      reserved: Double(BLAS.bufferBytes + NamedThread.stackBytes) * Double(threads))
  }

  /// Bytes of an arena of gradients, or of the optimizer's state.
  package var gradientBytes: Double { 4 * Double(layout.gradientCount) }

  /// Bytes of the largest arena: that of the gradients, or where there are frozen tensors maybe the parameters'.
  package var arenaBytes: Double { 4 * Double(max(layout.gradientCount, layout.parameterCount)) }
}
