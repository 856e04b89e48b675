import Hashing
import Parallel
import Tensors

// Every rank computes the same update, so their parameters must stay the same to the bit. A difference comes
// from a defect of memory, a compiler, or a BLAS that computes otherwise on another CPU; training would go on
// with a mean of models without a word.

extension World {
  /// Compares arenas of all ranks by hashes.
  ///
  /// - Parameters:
  ///   - arenas: of `layout`, nil where there is none, and what their tensors are called in the message.
  ///   - step: number of steps done, for the message.
  /// - Throws: on all ranks, a `ReplicaError`.
  func compare(
    _ arenas: [(values: SharedBuffer<Float>?, name: String)], _ layout: ParameterLayout, afterStep step: Int
  ) throws {
    guard size > 1 else { return }
    pulse.enter(.comparing)
    for (arena, name) in arenas {
      guard let arena, try odd(Fingerprint(arena.span.bytes)) != nil else { continue }
      for tensor in layout.tensors {
        guard let odd = try odd(Fingerprint(arena.span.extracting(tensor.range).bytes)) else { continue }
        throw ReplicaError(
          step: step, rank: odd.rank, host: hosts[odd.rank], other: odd.other,
          place: "\(name) \(tensor.name)")
      }
    }
  }
}

/// The ranks' parameters differ.
struct ReplicaError: AgreedError, CustomStringConvertible {
  /// Number of steps done.
  let step: Int
  let rank: Int
  let host: String
  /// A rank that has what most have.
  let other: Int
  let place: String

  var description: String {
    "the replicas differ after step \(step): \(place) of rank \(rank) (\(host)) is not that of rank \(other); "
      + "resume from the last checkpoint, and check that host's memory and that all ranks run the same "
      + "program, MPI and OpenBLAS kernel"
  }
}
