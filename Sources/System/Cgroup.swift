/// What the control groups of this process allow it, which may be less than the machine has: containers and
/// batch systems set such limits. Version 1 and 2; every level above a group counts too.
///
/// See the kernel's Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/{memory,../scheduler/sched-bwc}.
package struct Cgroup: Equatable {
  /// Path of the group, which ranks that share its limits have in common.
  package let path: String
  /// CPUs that it may use on average; nil for all.
  package private(set) var cpuQuota: Double?
  /// Bytes that it, or a group above it, may use, and that are left of them, where least are left; nil without
  /// limit.
  package private(set) var memoryLimit: Double?
  package private(set) var memoryLeft: Double?
  /// Path of the group that has that limit, which all groups below it share.
  package private(set) var memoryPath = ""

  package init(_ files: KernelFiles) {
    let lines = (files.text("/proc/self/cgroup") ?? "").split(separator: "\n").map {
      $0.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
    }.filter { $0.count == 3 }
    path = lines.map { $0[2] }.max { $0.count < $1.count } ?? "/"
    for line in lines {
      let (controllers, group) = (line[1], line[2])
      for level in Self.levels(of: group) {
        if controllers.isEmpty {
          for mount in ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"] { readVersion2(mount, level, files) }
        } else if controllers.split(separator: ",").contains("cpu") {
          for mount in Set(["cpu", controllers]) { readQuota1("/sys/fs/cgroup/\(mount)\(level)", files) }
        } else if controllers == "memory" {
          readMemory1(level, files)
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

  private mutating func readVersion2(_ mount: String, _ group: String, _ files: KernelFiles) {
    let directory = mount + group
    let words = (files.text("\(directory)/cpu.max") ?? "").split(separator: " ")
    if words.count == 2 { limitCPU(Double(words[0]), Double(words[1])) }
    // Above `high` the kernel slows the group down until it takes less; above `max` it kills.
    let limits = ["max", "high"].compactMap { files.number("\(directory)/memory.\($0)") }
    limitMemory(
      group, limits.min(), files.number("\(directory)/memory.current"),
      files.text("\(directory)/memory.stat"), cache: ["inactive_file", "active_file"])
  }

  private mutating func readQuota1(_ directory: String, _ files: KernelFiles) {
    limitCPU(files.number("\(directory)/cpu.cfs_quota_us"), files.number("\(directory)/cpu.cfs_period_us"))
  }

  private mutating func readMemory1(_ group: String, _ files: KernelFiles) {
    let directory = "/sys/fs/cgroup/memory\(group)"
    limitMemory(
      group, files.number("\(directory)/memory.limit_in_bytes"),
      files.number("\(directory)/memory.usage_in_bytes"),
      files.text("\(directory)/memory.stat"), cache: ["total_inactive_file", "total_active_file"])
  }

  /// - Parameter quota: microseconds of CPU time in each `period`; nil or negative for no limit.
  private mutating func limitCPU(_ quota: Double?, _ period: Double?) {
    guard let quota, let period, quota > 0, period > 0 else { return }
    cpuQuota = min(cpuQuota ?? .infinity, quota / period)
  }

  /// - Parameter cache: the lines of `stat` with the bytes of files in memory, which the kernel gives back
  ///   before it kills.
  private mutating func limitMemory(
    _ group: String, _ limit: Double?, _ used: Double?, _ stat: String?, cache: [String]
  ) {
    // Version 1 says the largest number there is for no limit.
    guard let limit, limit < 0x1p60 else { return }
    let lines = (stat ?? "").split(separator: "\n").map { $0.split(separator: " ") }
    let cached = lines.reduce(0) { sum, line in
      line.count == 2 && cache.contains(String(line[0])) ? sum + (Double(line[1]) ?? 0) : sum
    }
    let left = limit - max(0, (used ?? 0) - cached)
    guard left < memoryLeft ?? .infinity else { return }
    (memoryLimit, memoryLeft, memoryPath) = (limit, left, group.isEmpty ? "/" : group)
  }
}
