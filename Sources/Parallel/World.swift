import Foundation
import MPI

/// All ranks of the job, and where they run.
///
/// Everything that concerns several ranks goes through it, on the thread that started MPI.
package final class World {
  package let communicator: Communicator
  /// Host of each rank, by rank.
  package let hosts: [String]
  /// Cores that each rank may use, by rank: its affinity mask.
  package let cores: [Set<Int>]

  package var rank: Int { communicator.rank }
  package var size: Int { communicator.size }
  package var isRoot: Bool { rank == 0 }

  package init(_ communicator: consuming Communicator) throws {
    hosts = try communicator.allGather(MPIRuntime.hostName)
    let own = affinityMask().map(String.init).joined(separator: " ")
    cores = try communicator.allGather(own).map { Set($0.split(separator: " ").compactMap { Int($0) }) }
    self.communicator = communicator
  }

  /// Threads that this rank can have to itself: its cores, shared with the ranks whose masks overlap.
  package var threadsPerRank: Int {
    let sharing = hosts.indices.count { hosts[$0] == hosts[rank] && !cores[$0].isDisjoint(with: cores[rank]) }
    return max(1, cores[rank].count / max(sharing, 1))
  }

  /// Ranks per host in words, such as `2 on node1, 2 on node2`.
  package var hostSummary: String {
    var names: [String] = []
    for host in hosts where !names.contains(host) { names.append(host) }
    let shown = names.prefix(8).map { name in "\(hosts.count { $0 == name }) on \(name)" }
    return shown.joined(separator: ", ") + (names.count > 8 ? ", ... (\(names.count) hosts)" : "")
  }
}

/// The cores that this process may run on.
private func affinityMask() -> [Int] {
  let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
  let line = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") } ?? ""
  return line.split(separator: "\t").last.map { parseCoreList($0) } ?? [0]
}

/// `0-3,8` as 0, 1, 2, 3, 8.
func parseCoreList(_ text: Substring) -> [Int] {
  text.split(separator: ",").flatMap { part -> [Int] in
    let ends = part.split(separator: "-").compactMap { Int($0) }
    guard let first = ends.first, let last = ends.last, first <= last else { return [] }
    return Array(first...last)
  }
}
