import Parallel
import Reporting
import System

/// Each rank has cores of its own, enough for its threads.
package struct PlacementCheck: Check {
  package static let name = "placement"

  package struct Rank: Codable, Equatable {
    /// Those that it may run on: its affinity mask. Hardware threads of a core count as cores.
    package var cores: [Int]
    /// The same with the hardware threads of a core as one, see `World.physicalCores`.
    package var physicalCores: [Int]
    /// Number of cores that its host has online.
    package var hostCores: Int
    package var physicalHostCores: Int

    package init(cores: [Int], physicalCores: [Int], hostCores: Int, physicalHostCores: Int) {
      self.cores = cores
      self.physicalCores = physicalCores
      self.hostCores = hostCores
      self.physicalHostCores = physicalHostCores
    }
  }

  let ranks: ByRank<Rank>
  /// The threads of each rank, where they are given. Else train takes as many as there are cores for.
  let threads: Int?

  package init(_ ranks: ByRank<Rank>, threads: Int? = nil) {
    self.ranks = ranks
    self.threads = threads
  }

  init(threads: Int?, _ world: World) throws {
    let own = Rank(
      cores: world.cores[world.rank].sorted(), physicalCores: world.physicalCores[world.rank].sorted(),
      hostCores: world.topology.hardwareThreads.count, physicalHostCores: world.topology.cores.count)
    self.init(try ByRank(gathering: own, world), threads: threads)
  }

  /// Hosts with more ranks than cores that these may use.
  package var oversubscribedHosts: [String] {
    let placement = physical
    return ranks.distinctHosts.filter { placement.crowd(on: $0, threads: 1) != nil }
  }

  private var physical: Placement {
    Placement(hosts: ranks.hosts, cores: ranks.facts.map { Set($0.physicalCores) })
  }

  /// The cores that ranks may use together.
  private func union(of ranks: [Int], _ cores: (Rank) -> [Int]) -> Set<Int> {
    ranks.reduce(into: []) { $0.formUnion(cores(self.ranks[$1])) }
  }

  package var facts: String {
    let hosts = ranks.distinctHosts
    guard hosts.count > 4 else {
      return Placement(hosts: ranks.hosts, cores: ranks.facts.map { Set($0.cores) }).summary
        + (hosts.count == 1 ? " of \(ranks[0].hostCores)" : "")
    }
    var kinds: [String: Int] = [:]
    for host in hosts {
      let here = ranks.ranks(on: host)
      let kind =
        "\(here.count) ranks on \(union(of: here, \.cores).count) of \(ranks[here[0]].hostCores) cores"
      kinds[kind, default: 0] += 1
    }
    let shown = kinds.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    return shown.prefix(3).map { "\($0.value) hosts with \($0.key)" }.joined(separator: "; ")
      + (shown.count > 3 ? "; ..." : "")
  }

  package var problems: [Problem] {
    let placement = physical
    return problemsByHost(ranks.distinctHosts) { host in
      let here = ranks.ranks(on: host)
      guard let crowd = placement.crowd(on: host, threads: threads ?? 1) else { return overlap(here) }
      return oversubscription(crowd.ranks, crowd.cores, here)
    }
  }

  /// - Parameters:
  ///   - crowd: ranks that have too few cores together, maybe all of the host.
  ///   - usable: those cores.
  private func oversubscription(_ crowd: [Int], _ usable: Set<Int>, _ here: [Int]) -> Problem {
    let hardwareThreads = union(of: crowd, \.cores).count
    let cores =
      counted(usable.count, "core")
      + (hardwareThreads > usable.count ? " of \(hardwareThreads) hardware threads" : "")
    let each = threads ?? 1
    let who =
      (crowd.count < here.count ? named(crowd) : counted(crowd.count, "rank"))
      + (each > 1 ? " of \(each) threads" : "")
    let hostCores = ranks[here[0]].physicalHostCores
    let idle = hostCores - usable.count
    let remedy =
      if hostCores >= here.count * each {
        "let them use more cores: mpirun --bind-to core --map-by slot:PE=\(threads ?? hostCores / here.count), or "
          + "ask the batch system for \(here.count * each) cores"
      } else if each > 1, usable.count >= crowd.count {
        "lower --threads to \(usable.count / crowd.count)"
      } else {
        "start at most \(usable.count) a host: mpirun --map-by ppr:\(usable.count):node, or slots=\(usable.count) "
          + "in the hostfile"
      }
    return .warning(
      "\(who) \(crowd.count == 1 ? "has" : "share") \(cores) (oversubscribed): "
        + "\(each > 1 ? "threads wait for each other" : "each waits for the others"), and times say nothing"
        + (idle > 0 && crowd.count == here.count
          ? "; \(counted(idle, "core")) of the host \(idle == 1 ? "is" : "are") not theirs" : ""),
      remedy: remedy)
  }

  /// Some cores are claimed by several ranks, though there are enough.
  private func overlap(_ here: [Int]) -> Problem? {
    var claims: [Int: [Int]] = [:]
    for rank in here {
      for core in ranks[rank].physicalCores { claims[core, default: []].append(rank) }
    }
    let shared = claims.filter { $0.value.count > 1 }
    guard !shared.isEmpty else { return nil }
    let sharers = Set(shared.values.joined()).sorted()
    let usable = union(of: here, \.cores)
    let isUnbound = here.allSatisfy { ranks[$0].cores.count == usable.count }
    let cores = "core\(shared.count == 1 ? "" : "s") \(shortList(shared.keys.sorted()))"
    let each = max(1, claims.count / here.count)
    return .warning(
      isUnbound
        ? "\(sharers.count) ranks are not bound: each may run on all of \(cores), and threads wander between them"
        : "\(named(sharers)) share \(cores), and wait for each other there",
      remedy:
        "mpirun --bind-to core --map-by slot:PE=\(each), or srun --cpus-per-task=\(each) --cpu-bind=cores")
  }

  /// By number, unless there are so many hosts that what they have in common is said once for all.
  private func named(_ some: [Int]) -> String {
    ranks.distinctHosts.count > 3
      ? counted(some.count, "rank") : "rank\(some.count == 1 ? "" : "s") \(shortList(some))"
  }
}
