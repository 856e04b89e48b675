import Foundation
import Hashing
import MPI

extension World {
  /// The first rank whose fingerprint is not what most ranks have, and the first that has that; nil where all
  /// are the same. Called by all ranks.
  package func odd(_ own: Fingerprint) throws -> (rank: Int, other: Int)? {
    let all = try waiting {
      zip(try communicator.allGather(own.high), try communicator.allGather(own.low)).map {
        Fingerprint(high: $0, low: $1)
      }
    }
    var counts: [Fingerprint: Int] = [:]
    for one in all { counts[one, default: 0] += 1 }
    let most = counts.values.max()!
    let usual = all.firstIndex { counts[$0] == most }!
    return all.firstIndex { $0 != all[usual] }.map { ($0, usual) }
  }

  /// Two programs that mean different things by the same message go wrong anywhere, or hang.
  ///
  /// - Throws: on all ranks, where not all run the same program file.
  package func requireSameProgram() throws {
    let program = try agree {
      try Data(contentsOf: URL(fileURLWithPath: "/proc/self/exe"), options: .alwaysMapped)
    }
    guard let odd = try odd(Fingerprint(program.span.bytes)) else { return }
    throw MixedProgramsError(
      rank: odd.rank, host: hosts[odd.rank], other: odd.other, otherHost: hosts[odd.other])
  }
}

private struct MixedProgramsError: AgreedError, CustomStringConvertible {
  let rank: Int
  let host: String
  /// A rank that has what most have.
  let other: Int
  let otherHost: String

  var description: String {
    "rank \(rank) on \(host) runs another binary of cnn-mpi than rank \(other) on \(otherHost): all ranks must run the same "
      + "build; put it where all hosts see it, or copy it to each"
  }
}
