import Glibc
import Parallel

/// Each rank has cores of its own.
struct PlacementCheck: Check {
  static let name = "placement"

  struct Rank: Codable, Equatable {
    /// Those that it may run on: its affinity mask.
    var cores: [Int]
    /// Number of cores that its host has online.
    var hostCores: Int
  }

  let ranks: ByRank<Rank>

  init(_ ranks: ByRank<Rank>) { self.ranks = ranks }

  init(_ world: World) throws {
    self.init(
      try ByRank(
        gathering: Rank(
          cores: world.cores[world.rank].sorted(), hostCores: sysconf(Int32(_SC_NPROCESSORS_ONLN))), world))
  }

  /// Hosts with more ranks than cores that these may use.
  var oversubscribedHosts: [String] {
    ranks.distinctHosts.filter { ranks.ranks(on: $0).count > cores(on: $0).count }
  }

  /// The cores that the ranks of a host may use together.
  func cores(on host: String) -> Set<Int> {
    ranks.ranks(on: host).reduce(into: []) { $0.formUnion(ranks[$1].cores) }
  }

  var facts: String {
    let hosts = ranks.distinctHosts
    guard hosts.count > 4 else {
      return Placement(hosts: ranks.hosts, cores: ranks.facts.map { Set($0.cores) }).summary
        + (hosts.count == 1 ? " of \(ranks[0].hostCores)" : "")
    }
    var kinds: [String: Int] = [:]
    for host in hosts {
      let here = ranks.ranks(on: host)
      let kind = "\(here.count) ranks on \(cores(on: host).count) of \(ranks[here[0]].hostCores) cores"
      kinds[kind, default: 0] += 1
    }
    let shown = kinds.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    return shown.prefix(3).map { "\($0.value) hosts with \($0.key)" }.joined(separator: "; ")
      + (shown.count > 3 ? "; ..." : "")
  }

  var problems: [Problem] {
    problemsByHost(ranks.distinctHosts) { host in
      let here = ranks.ranks(on: host)
      let usable = cores(on: host)
      return here.count > usable.count
        ? oversubscription(here, usable, hostCores: ranks[here[0]].hostCores) : overlap(here, usable)
    }
  }

  private func oversubscription(_ here: [Int], _ usable: Set<Int>, hostCores: Int) -> Problem {
    let cores = usable.count == 1 ? "1 core" : "\(usable.count) cores"
    let idle = hostCores - usable.count
    return .warning(
      "\(here.count) ranks share \(cores) (oversubscribed): each waits for the others, and times say nothing"
        + (idle > 0 ? "; \(idle) cores of the host are not theirs" : ""),
      remedy: idle >= here.count - usable.count && idle > 0
        ? "let them use more cores: mpirun --bind-to core --map-by slot:PE=\(hostCores / here.count), or ask the "
          + "batch system for \(here.count) cores"
        : "start at most \(usable.count) a host: mpirun --map-by ppr:\(usable.count):node, or slots=\(usable.count) "
          + "in the hostfile")
  }

  /// Some cores are claimed by several ranks, though there are enough.
  private func overlap(_ here: [Int], _ usable: Set<Int>) -> Problem? {
    var claims: [Int: [Int]] = [:]
    for rank in here {
      for core in ranks[rank].cores { claims[core, default: []].append(rank) }
    }
    let shared = claims.filter { $0.value.count > 1 }
    guard !shared.isEmpty else { return nil }
    let sharers = Set(shared.values.joined()).sorted()
    let isUnbound = here.allSatisfy { ranks[$0].cores.count == usable.count }
    let cores = "core\(shared.count == 1 ? "" : "s") \(shortList(shared.keys.sorted()))"
    let each = max(1, usable.count / here.count)
    return .warning(
      isUnbound
        ? "\(sharers.count) ranks are not bound: each may run on all of \(cores), and threads wander between them"
        : "\(overlapping(sharers)) share \(cores), and wait for each other there",
      remedy:
        "mpirun --bind-to core --map-by slot:PE=\(each), or srun --cpus-per-task=\(each) --cpu-bind=cores")
  }

  /// By number, unless there are so many hosts that what they have in common is said once for all.
  private func overlapping(_ sharers: [Int]) -> String {
    ranks.distinctHosts.count > 3 ? "\(sharers.count) ranks" : "ranks \(shortList(sharers))"
  }
}
