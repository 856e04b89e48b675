import Kernels
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
    /// Limits of the rank's process alone, with the bytes that training takes of each.
    package var processLimits: [ProcessLimit] = []
    /// Bytes that may be locked for a network adapter; nil for any number.
    package var lockable: Double?
    /// There are adapters that need it: InfiniBand and its like.
    package var hasInfiniband: Bool

    package init(
      total: Double, available: Double, limit: Double? = nil, left: Double? = nil, needed: Double,
      processLimits: [ProcessLimit] = [], lockable: Double? = nil, hasInfiniband: Bool
    ) {
      self.total = total
      self.available = available
      self.limit = limit
      self.left = left
      self.needed = needed
      self.processLimits = processLimits
      self.lockable = lockable
      self.hasInfiniband = hasInfiniband
    }
  }

  /// A limit that a shell or batch system set for each process.
  package struct ProcessLimit: Codable, Hashable, Sendable {
    /// Such as `the address space limit (ulimit -v)`.
    package var name: String
    /// Bytes of it that are not taken yet, and that training needs.
    package var left: Double
    package var needed: Double

    package init(name: String, left: Double, needed: Double) {
      self.name = name
      self.left = left
      self.needed = needed
    }
  }

  let ranks: ByRank<Rank>
  let model: String

  package init(_ ranks: ByRank<Rank>, model: String) {
    self.ranks = ranks
    self.model = model
  }

  init(
    _ network: Network, _ configuration: TrainingConfiguration, images: Int, dataBytes: Double,
    _ world: World,
    _ files: KernelFiles = KernelFiles()
  ) throws {
    let cgroup = Cgroup(files)
    let threads = configuration.threads ?? world.threadsPerRank
    let schedule = BatchSchedule(
      samples: images, globalBatch: configuration.globalBatch(worldSize: world.size),
      microBatch: configuration.microBatch(worldSize: world.size))
    var need = configuration.memoryNeed(for: network, schedule, threads: threads, in: world) + .process
    if world.isRoot { need = need + configuration.savingNeed(of: network) }
    need.written += dataBytes
    // This process has multiplied matrices: it has one of the buffers already.
    need.reserved -= Double(BLAS.bufferBytes)
    let processLimits = MemoryLimit.all(files).filter { $0.kind == .addressSpace || $0.kind == .data }
    let own = Rank(
      total: files.memory("MemTotal") ?? 0, available: files.memory("MemAvailable") ?? 0,
      limit: cgroup.memoryLimit, left: cgroup.memoryLeft, needed: need.written,
      processLimits: processLimits.map {
        ProcessLimit(name: $0.words, left: max($0.left(sharers: 1), 0), needed: $0.demand(need))
      },
      lockable: ResourceLimit.lockedMemory.bytes,
      hasInfiniband: !files.entries("/sys/class/infiniband").isEmpty)
    self.init(try ByRank(gathering: own, world), model: network.description.name)
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
    problemsByHost(ranks.distinctHosts, shortage) + processProblems + lockProblems
  }

  private var processProblems: [Problem] {
    let short = ranks.groups { rank in rank.processLimits.first { !($0.needed <= $0.left) } }
    return short.map { limit, short in
      .error(
        "\(ranks.named(short)): training \(model) takes at least \(bytes(limit.needed)), and \(limit.name) leaves "
          + bytes(limit.left),
        remedy:
          "raise the limit that the shell or the batch system sets (ulimit -v unlimited; qsub -l h_vmem=), "
          + "or lower --threads or train's --micro-batch")
    }
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
