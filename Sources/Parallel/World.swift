import MPI
import System

/// All ranks of the job, and where they run.
///
/// Everything that concerns several ranks goes through it, on the thread that started MPI.
package final class World {
  package let communicator: Communicator
  /// Host of each rank, by rank.
  package let hosts: [String]
  /// Cores that each rank may use, by rank: its affinity mask.
  package let cores: [Set<Int>]
  /// The same with the hardware threads of a core as one, see `Topology.physicalCores`.
  package let physicalCores: [Set<Int>]
  /// The cores of this rank's host.
  package let topology: Topology
  /// What this rank is doing.
  package let pulse = Pulse()

  package var rank: Int { communicator.rank }
  package var size: Int { communicator.size }
  package var isRoot: Bool { rank == 0 }

  package init(_ communicator: consuming Communicator) throws {
    try communicator.connect()
    hosts = try communicator.allGather(communicator.host)
    let topology = try Topology()
    let sets = try [topology.available, topology.availableCores].map { own in
      try communicator.allGather(own.map(String.init).joined(separator: " ")).map {
        Set($0.split(separator: " ").compactMap { Int($0) })
      }
    }
    (cores, physicalCores) = (sets[0], sets[1])
    self.communicator = communicator
    self.topology = topology
  }

  /// Threads that this rank can have to itself: its cores, shared with the ranks whose masks overlap.
  package var threadsPerRank: Int { max(1, cores[rank].count / placement.sharing(with: rank)) }

  /// Runs `body`, in which this rank waits for the others: a watchdog tells it from those that are busy.
  package func waiting<Result>(_ body: () throws -> Result) rethrows -> Result {
    let phase = pulse.phaseNow
    pulse.enter(.waiting)
    defer { pulse.enter(phase) }
    return try body()
  }

  package var placement: Placement { Placement(hosts: hosts, cores: cores) }
}
