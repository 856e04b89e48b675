import Foundation
import Hashing
import MPI

extension World {
  /// The first rank whose number is not what most ranks have, and the first that has that; nil where all are
  /// the same. Called by all ranks.
  package func odd(_ own: UInt64) throws -> (rank: Int, other: Int)? {
    let numbers = try waiting { try communicator.allGather(own) }
    var counts: [UInt64: Int] = [:]
    for number in numbers { counts[number, default: 0] += 1 }
    let most = counts.values.max()!
    let usual = numbers.firstIndex { counts[$0] == most }!
    return numbers.firstIndex { $0 != numbers[usual] }.map { ($0, usual) }
  }

  /// Two programs that mean different things by the same message go wrong anywhere, or hang.
  ///
  /// - Throws: on all ranks, where not all run the same program file.
  package func requireSameProgram() throws {
    let program = try agree {
      try Data(contentsOf: URL(fileURLWithPath: "/proc/self/exe"), options: .alwaysMapped)
    }
    guard let odd = try odd(fastHash(program.span.bytes)) else { return }
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
