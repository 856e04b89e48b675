import Kernels
import MPI
import Parallel
import Reporting

// What costs speed and can be mended. All ranks call these together.

extension World {
  /// Slow kernels of OpenBLAS, or different ones on the ranks; ranks that share cores.
  package func placementWarnings() throws -> [String] {
    var warnings: [String] = []
    let kernels = try communicator.allGather(BLAS.kernelName)
    if let other = kernels.firstIndex(where: { $0 != kernels[0] }) {
      warnings.append(
        "OpenBLAS runs its \(kernels[0]) kernel on rank 0 and \(kernels[other]) on rank \(other): the ranks wait "
          + "for the slowest; OPENBLAS_CORETYPE sets one for all")
    }
    if let overlap = placement.overlapWarning { warnings.append(overlap) }
    if let slow = BLAS.slowKernelWarning { warnings.append(slow) }
    return warnings
  }

  /// Fewer micro-batches than threads.
  ///
  /// - Parameter threads: of this rank.
  package func idleThreadWarnings(_ schedule: BatchSchedule, threads: Int) throws -> [String] {
    let allThreads = try communicator.allReduce(threads, .sum)
    let microBatches = schedule.batch(after: 0).microBatches
    guard microBatches < allThreads else { return [] }
    return [
      "a step has \(counted(microBatches, "micro-batch", "micro-batches")) for \(allThreads) threads of all "
        + "ranks: some have nothing to do; raise the batch or lower the micro-batch"
    ]
  }
}
