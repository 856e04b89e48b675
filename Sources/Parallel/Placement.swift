import System

/// Which rank runs on which cores of which host.
package struct Placement {
  /// By rank.
  package let hosts: [String]
  package let cores: [Set<Int>]

  package init(hosts: [String], cores: [Set<Int>]) {
    precondition(hosts.count == cores.count, "\(cores.count) core sets for \(hosts.count) ranks")
    self.hosts = hosts
    self.cores = cores
  }

  /// Number of ranks that may use cores of rank `rank`, itself included.
  package func sharing(with rank: Int) -> Int {
    hosts.indices.count { share($0, rank) }
  }

  /// The map in words, host by host, such as `node1: ranks 0-1 on cores 0-7, rank 2 on core 8`.
  package var summary: String {
    var (order, groups): ([String], [String: [(ranks: [Int], cores: Set<Int>)]]) = ([], [:])
    for (rank, host) in hosts.enumerated() {
      if groups[host] == nil { order.append(host) }
      if let last = groups[host]?.last, last.cores == cores[rank] {
        groups[host]![groups[host]!.count - 1].ranks.append(rank)
      } else {
        groups[host, default: []].append(([rank], cores[rank]))
      }
    }
    let shown = order.prefix(8).map { host in
      let parts = groups[host]!.map { group in
        numbered(group.ranks, "rank") + " on " + numbered(group.cores.sorted(), "core")
      }
      return "\(host): \(parts.joined(separator: ", "))"
    }
    return shown.joined(separator: "; ") + (order.count > 8 ? "; ... (\(order.count) hosts)" : "")
  }

  /// Says which ranks share cores; nil when each has its own.
  package var overlapWarning: String? {
    for first in hosts.indices {
      for second in hosts.indices.dropFirst(first + 1) where share(first, second) {
        let common = cores[first].intersection(cores[second]).sorted()
        return
          "ranks \(first) and \(second) share \(numbered(common, "core")) of \(hosts[first]), and threads may "
          + "wander between them: give each rank its own, such as by mpirun --bind-to core --map-by slot:PE=N, or "
          + "srun --cpu-bind=cores"
      }
    }
    return nil
  }

  private func share(_ first: Int, _ second: Int) -> Bool {
    hosts[first] == hosts[second] && !cores[first].isDisjoint(with: cores[second])
  }
}

/// `rank 3` or `ranks 0-3,8`.
func numbered(_ numbers: [Int], _ name: String) -> String {
  "\(name)\(numbers.count == 1 ? "" : "s") \(shortList(numbers))"
}
