import Engine
import Foundation
import Models
import Networks
import Parallel
import Reporting

/// More memory is needed than there is: said before it is asked for, as the kernel would kill the process.
struct MemoryError: Error, CustomStringConvertible {
  let purpose: String
  /// Bytes.
  let needed: Double
  let available: Double
  let hint: String

  var description: String {
    "\(purpose) takes at least \(gigabytes(needed)) a rank, and a rank's share of this host's memory is "
      + "\(gigabytes(available)); \(hint)"
  }
}

extension World {
  /// - Throws: when `bytes` are more than this rank's share of its host's memory.
  func requireMemory(_ bytes: Double, for purpose: String, hint: String) throws(MemoryError) {
    let ranksHere = hosts.count { $0 == hosts[rank] }
    let available = Double(ProcessInfo.processInfo.physicalMemory) / Double(ranksHere)
    guard bytes <= available else {
      throw MemoryError(purpose: purpose, needed: bytes, available: available, hint: hint)
    }
  }

  /// - Throws: on all ranks, when a network's arenas and activations do not fit on one.
  ///
  /// - Parameters:
  ///   - state: arenas besides the parameters and gradients, such as the optimizer's.
  ///   - gradients: arenas of a thread for the partial sums of its micro-batches, see `SummationTree.depth`.
  ///   - forwardOnly: for inference.
  package func requireMemory(
    for network: Network, microBatch: Int, threads: Int, state: Int = 1, gradients: Int = 1,
    forwardOnly: Bool = false
  ) throws {
    let bytes = network.memory(
      microBatch: microBatch, threads: threads, state: state, gradients: gradients, forwardOnly: forwardOnly)
    try agree {
      try requireMemory(
        bytes,
        for:
          "\(forwardOnly ? "running" : "training") \(network.description.name) in micro-batches of \(microBatch)",
        hint: "lower --micro-batch or --threads, or take a smaller model")
    }
  }
}

extension Network {
  /// Bytes of a rank's arenas and activations; parameters as in `World.requireMemory`.
  package func memory(
    microBatch: Int, threads: Int, state: Int = 1, gradients: Int = 1, forwardOnly: Bool = false
  ) -> Double {
    // And activations with their gradients.
    let count = forwardOnly ? 1 : 1 + state + gradients * threads
    let arenas = Double(layout.gradientCount) * Double(count)
    let activations = nodes.reduce(0.0) { $0 + (forwardOnly ? 1 : 2) * Double($1.output.count) }
    return 4 * (arenas + activations * Double(microBatch) * Double(threads))
  }
}
