import Kernels
import Parallel
import Reporting
import System

/// The same CPU everywhere, and all of it.
package struct CPUCheck: Check {
  package static let name = "CPU"

  package struct Rank: Codable, Equatable {
    package var model: String
    package var cores: [Int]
    /// The control group of the rank, with the CPUs that it may use on average; nil for all.
    package var cgroup: String
    package var quota: Double?
    /// What the frequency is limited to, as a share of what the CPU can; nil where the kernel does not say.
    package var frequencyLimit: Double?

    package init(
      model: String, cores: [Int], cgroup: String, quota: Double? = nil, frequencyLimit: Double? = nil
    ) {
      self.model = model
      self.cores = cores
      self.cgroup = cgroup
      self.quota = quota
      self.frequencyLimit = frequencyLimit
    }
  }

  let ranks: ByRank<Rank>

  package init(_ ranks: ByRank<Rank>) { self.ranks = ranks }

  init(_ world: World, _ files: KernelFiles = KernelFiles()) throws {
    let cgroup = Cgroup(files)
    let cores = world.cores[world.rank].sorted()
    self.init(
      try ByRank(
        gathering: Rank(
          model: CPU.name, cores: cores, cgroup: cgroup.path, quota: cgroup.cpuQuota,
          frequencyLimit: Self.frequencyLimit(core: cores.first ?? 0, files)), world))
  }

  private static func frequencyLimit(core: Int, _ files: KernelFiles) -> Double? {
    let directory = "/sys/devices/system/cpu/cpu\(core)/cpufreq"
    guard let allowed = files.number("\(directory)/scaling_max_freq"),
      let possible = files.number("\(directory)/cpuinfo_max_freq"), possible > 0
    else { return nil }
    return allowed / possible
  }

  package var facts: String {
    let quotas = Set(ranks.facts.compactMap(\.quota)).sorted()
    return ranks.summary(\.model)
      + (quotas.first.map { ", control groups allow \(shortest($0)) of the CPUs" } ?? "")
  }

  package var problems: [Problem] { mixed + problemsByHost(ranks.distinctHosts, quota) + capped }

  private var mixed: [Problem] {
    guard ranks.groups(\.model).count > 1 else { return [] }
    return [
      .warning(
        "hosts have different CPUs, and all ranks wait for the slowest: \(ranks.summary(\.model))",
        remedy: "ask for nodes of one kind (sbatch --constraint=...), or leave the others out of the hostfile"
      )
    ]
  }

  /// The ranks of a control group have more cores than it may use.
  private func quota(of host: String) -> Problem? {
    let here = ranks.ranks(on: host)
    for group in Set(here.map { ranks[$0].cgroup }).sorted() {
      let members = here.filter { ranks[$0].cgroup == group }
      let cores = members.reduce(into: Set<Int>()) { $0.formUnion(ranks[$1].cores) }
      guard let quota = ranks[members[0]].quota, quota < Double(cores.count) else { continue }
      return .warning(
        "the control group allows \(shortest(quota)) CPUs, but \(members.count) ranks run on \(cores.count) "
          + "cores: the kernel stops them for a part of each period",
        remedy: "raise the limit (docker run --cpus=\(cores.count), limits.cpu in Kubernetes), or start with "
          + "at most \(max(1, Int(quota))) ranks of one thread there")
    }
    return nil
  }

  private var capped: [Problem] {
    let slow = ranks.groups { rank in
      rank.frequencyLimit.flatMap { $0 < 0.8 ? Int((100 * $0).rounded()) : nil }
    }
    return slow.map { share, slow in
      .warning(
        "\(ranks.named(slow)): the frequency is limited to \(share) % of what the CPU can",
        remedy:
          "there: cpupower frequency-set --max $(cat /sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq)")
    }
  }
}
