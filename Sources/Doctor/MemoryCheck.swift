import Networks
import Parallel
import Reporting
import Runs
import System

/// Each host has room for what its ranks need.
package struct MemoryCheck: Check {
  package static let name = "memory"

  package struct Rank: Codable, Equatable {
    /// Bytes of the host, and those that programs can have of them without swapping.
    package var total: Double
    package var available: Double
    /// Bytes that the rank's control group may use, and what is left of them; nil without limit.
    package var limit: Double?
    package var left: Double?
    /// Bytes that training will need here.
    package var needed: Double
    /// Bytes that may be locked for a network adapter; nil for any number.
    package var lockable: Double?
    /// There are adapters that need it: InfiniBand and its like.
    package var hasInfiniband: Bool

    package init(
      total: Double, available: Double, limit: Double? = nil, left: Double? = nil, needed: Double,
      lockable: Double? = nil, hasInfiniband: Bool
    ) {
      self.total = total
      self.available = available
      self.limit = limit
      self.left = left
      self.needed = needed
      self.lockable = lockable
      self.hasInfiniband = hasInfiniband
    }
  }

  let ranks: ByRank<Rank>
  let model: String

  package init(_ ranks: ByRank<Rank>, model: String) {
    self.ranks = ranks
    self.model = model
  }

  init(
    _ network: Network, _ configuration: TrainingConfiguration, dataBytes: Double, _ world: World,
    _ files: KernelFiles = KernelFiles()
  ) throws {
    let cgroup = Cgroup(files)
    let threads = configuration.threads ?? world.threadsPerRank
    let arenas = network.memory(
      microBatch: configuration.microBatch(worldSize: world.size), threads: threads,
      state: configuration.stateArenas(worldSize: world.size))
    let own = Rank(
      total: files.memory("MemTotal") ?? 0, available: files.memory("MemAvailable") ?? 0,
      limit: cgroup.memoryLimit, left: cgroup.memoryLeft, needed: arenas + dataBytes,
      lockable: Self.lockable(files), hasInfiniband: !files.entries("/sys/class/infiniband").isEmpty)
    self.init(try ByRank(gathering: own, world), model: network.description.name)
  }

  /// Corresponds to `ulimit -l`.
  private static func lockable(_ files: KernelFiles) -> Double? {
    let line = files.text("/proc/self/limits")?.split(separator: "\n").first {
      $0.hasPrefix("Max locked memory")
    }
    return line.flatMap { Double($0.split(separator: " ")[3]) }
  }

  /// Bytes that the ranks of a host can have together.
  private func available(on host: String) -> Double {
    let here = ranks.ranks(on: host).map { ranks[$0] }
    // Ranks of one control group share what is left of it; of several, the smallest is a safe guess.
    return min(here[0].available, here.compactMap(\.left).min() ?? .infinity)
  }

  private func needed(on host: String) -> Double {
    ranks.ranks(on: host).reduce(0) { $0 + ranks[$1].needed }
  }

  package var facts: String {
    let hosts = ranks.distinctHosts
    let least = hosts.min { available(on: $0) < available(on: $1) }!
    return "\(bytes(available(on: least))) of \(bytes(ranks[ranks.ranks(on: least)[0]].total)) free"
      + (hosts.count > 1 ? " on \(least), which has least" : "")
      + "; \(model) takes \(bytes(needed(on: least)))\(ranks.count > 1 ? " for \(counted(ranks.ranks(on: least).count, "rank"))" : "")"
  }

  package var problems: [Problem] {
    problemsByHost(ranks.distinctHosts, shortage) + lockProblems
  }

  private func shortage(of host: String) -> Problem? {
    guard !(needed(on: host) <= available(on: host)) else { return nil }
    let count = ranks.ranks(on: host).count
    return .error(
      "training \(model) takes at least \(bytes(needed(on: host))) for \(counted(count, "rank")), and "
        + "\(bytes(available(on: host))) of memory are left",
      remedy:
        "start fewer ranks a host (mpirun --map-by ppr:\(max(1, count / 2)):node), raise the control group's "
        + "limit (sbatch --mem=, docker run --memory=), or lower --threads or train's --micro-batch")
  }

  private var lockProblems: [Problem] {
    problemsByHost(ranks.distinctHosts) { host in
      let rank = ranks[ranks.ranks(on: host)[0]]
      guard rank.hasInfiniband, let lockable = rank.lockable, lockable < 1e9 else { return nil }
      return .warning(
        "there is InfiniBand, but a process may lock \(bytes(lockable)) of memory only: Open MPI falls back to TCP "
          + "or fails",
        remedy:
          "ulimit -l unlimited before mpirun (in /etc/security/limits.d, and LimitMEMLOCK=infinity for slurmd)"
      )
    }
  }
}
