/// What the control groups of this process allow it, which may be less than the machine has: containers and
/// batch systems set such limits. Version 1 and 2; every level above a group counts too.
///
/// See the kernel's Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/{memory,../scheduler/sched-bwc}.
package struct Cgroup: Equatable {
  /// Path of the group, which ranks that share its limits have in common.
  package let path: String
  /// CPUs that it may use on average; nil for all.
  package private(set) var cpuQuota: Double?
  /// Bytes that it may use, and that are left of them; nil without limit.
  package private(set) var memoryLimit: Double?
  package private(set) var memoryLeft: Double?

  package init(_ files: KernelFiles) {
    let lines = (files.text("/proc/self/cgroup") ?? "").split(separator: "\n").map {
      $0.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
    }.filter { $0.count == 3 }
    path = lines.map { $0[2] }.max { $0.count < $1.count } ?? "/"
    for line in lines {
      let (controllers, group) = (line[1], line[2])
      for level in Self.levels(of: group) {
        if controllers.isEmpty {
          for mount in ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"] { readVersion2(mount + level, files) }
        } else if controllers.split(separator: ",").contains("cpu") {
          for mount in Set(["cpu", controllers]) { readQuota1("/sys/fs/cgroup/\(mount)\(level)", files) }
        } else if controllers == "memory" {
          readMemory1("/sys/fs/cgroup/memory\(level)", files)
        }
      }
    }
  }

  /// A group and all above it: `/a/b` as `/a/b`, `/a` and the empty text, the root. A container may see its
  /// own group as the root, under the path that it has outside.
  private static func levels(of group: String) -> [String] {
    var (levels, path) = ([""], "")
    for part in group.split(separator: "/") {
      path += "/\(part)"
      levels.append(path)
    }
    return levels.reversed()
  }

  private mutating func readVersion2(_ directory: String, _ files: KernelFiles) {
    let words = (files.text("\(directory)/cpu.max") ?? "").split(separator: " ")
    if words.count == 2 { limitCPU(Double(words[0]), Double(words[1])) }
    limitMemory(
      files.number("\(directory)/memory.max"), files.number("\(directory)/memory.current"),
      files.text("\(directory)/memory.stat"), cache: "inactive_file")
  }

  private mutating func readQuota1(_ directory: String, _ files: KernelFiles) {
    limitCPU(files.number("\(directory)/cpu.cfs_quota_us"), files.number("\(directory)/cpu.cfs_period_us"))
  }

  private mutating func readMemory1(_ directory: String, _ files: KernelFiles) {
    limitMemory(
      files.number("\(directory)/memory.limit_in_bytes"),
      files.number("\(directory)/memory.usage_in_bytes"),
      files.text("\(directory)/memory.stat"), cache: "total_inactive_file")
  }

  /// - Parameter quota: microseconds of CPU time in each `period`; nil or negative for no limit.
  private mutating func limitCPU(_ quota: Double?, _ period: Double?) {
    guard let quota, let period, quota > 0, period > 0 else { return }
    cpuQuota = min(cpuQuota ?? .infinity, quota / period)
  }

  /// - Parameter cache: the line of `stat` with the bytes of files in memory that the kernel gives back first.
  private mutating func limitMemory(_ limit: Double?, _ used: Double?, _ stat: String?, cache: String) {
    // Version 1 says the largest number there is for no limit.
    guard let limit, limit < 0x1p60 else { return }
    let line = stat?.split(separator: "\n").first { $0.hasPrefix("\(cache) ") }
    let cached = line?.split(separator: " ").last.flatMap { Double($0) } ?? 0
    memoryLimit = min(memoryLimit ?? .infinity, limit)
    memoryLeft = min(memoryLeft ?? .infinity, limit - max(0, (used ?? 0) - cached))
  }
}
