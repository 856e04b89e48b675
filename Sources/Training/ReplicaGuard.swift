import MPI
import Parallel
import Tensors

// Every rank computes the same update, so their parameters must stay the same to the bit. A difference comes
// from a defect of memory, a compiler, or a BLAS that computes otherwise on another CPU; training would go on
// with a mean of models without a word.

extension Trainer {
  /// Compares the ranks' parameters by their hashes.
  ///
  /// - Throws: on all ranks, a `ReplicaError`.
  package func checkReplicas(afterStep step: Int) throws {
    guard world.size > 1 else { return }
    let parameters = parameters
    let hash = fastHash(parameters.span.bytes)
    let all = try world.communicator.allGather(hash)
    guard all.contains(where: { $0 != all[0] }) else { return }
    for tensor in layout.tensors {
      let hashes = try world.communicator.allGather(
        fastHash(parameters.span.extracting(tensor.range).bytes))
      if let odd = oddOneOut(hashes) {
        throw ReplicaError(
          step: step, rank: odd, host: world.hosts[odd], tensor: tensor.name, worldSize: world.size)
      }
    }
    let odd = oddOneOut(all)!
    throw ReplicaError(step: step, rank: odd, host: world.hosts[odd], tensor: nil, worldSize: world.size)
  }

  /// The first rank that does not have what most have; of two, rank 1.
  private func oddOneOut(_ hashes: [UInt64]) -> Int? {
    var counts: [UInt64: Int] = [:]
    for hash in hashes { counts[hash, default: 0] += 1 }
    let most = counts.values.max()!
    let usual = hashes.first { counts[$0] == most }!
    return hashes.firstIndex { $0 != usual }
  }
}

/// The ranks' parameters differ.
struct ReplicaError: AgreedError, CustomStringConvertible {
  /// Number of steps done.
  let step: Int
  let rank: Int
  let host: String
  /// Nil where the arenas differ between tensors.
  let tensor: String?
  let worldSize: Int

  var description: String {
    let place = tensor.map { "tensor \($0)" } ?? "the space between tensors"
    let others = worldSize == 2 ? "rank 0's" : "the other ranks'"
    return "the replicas differ after step \(step): \(place) of rank \(rank) (\(host)) is not \(others); "
      + "resume from the last checkpoint, and check that host's memory and that all ranks run the same "
      + "program, MPI and OpenBLAS kernel"
  }
}
