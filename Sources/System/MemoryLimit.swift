import CSystem
import Glibc

/// Something that bounds the memory of this process, and how much of it is taken.
package struct MemoryLimit: Codable, Equatable, Sendable {
  package enum Kind: String, Codable, Sendable {
    /// See `ResourceLimit.addressSpace` and `ResourceLimit.data`: of this process alone.
    case addressSpace, data
    /// See `Cgroup`: of all processes of the group together.
    case controlGroup
    /// The memory of the host.
    case host
  }

  package let kind: Kind
  /// Bytes that are allowed.
  package let size: Double
  /// Bytes that are taken: by the control group, else by this process.
  package let used: Double
  /// The control group's path; empty for others.
  package let group: String

  package init(_ kind: Kind, size: Double, used: Double, group: String = "") {
    self.kind = kind
    self.size = size
    self.used = used
    self.group = group
  }

  /// All that bound this process.
  package static func all(_ files: KernelFiles = KernelFiles()) -> [MemoryLimit] {
    // Pages: address space, in memory, shared, code, (unused), own to write.
    let pages = (files.text("/proc/self/statm") ?? "").split(separator: " ").compactMap { Double($0) }
    func taken(_ field: Int) -> Double {
      field < pages.count ? pages[field] * Double(sysconf(Int32(_SC_PAGESIZE))) : 0
    }
    var limits: [MemoryLimit] = []
    if let size = ResourceLimit.addressSpace.bytes {
      limits.append(MemoryLimit(.addressSpace, size: size, used: taken(0)))
    }
    if let size = ResourceLimit.data.bytes { limits.append(MemoryLimit(.data, size: size, used: taken(5))) }
    let group = Cgroup(files)
    if let size = group.memoryLimit, let left = group.memoryLeft {
      limits.append(MemoryLimit(.controlGroup, size: size, used: size - left, group: group.memoryPath))
    }
    if let size = files.memory("MemTotal") {
      limits.append(MemoryLimit(.host, size: size, used: taken(1)))
    }
    return limits
  }

  /// Bytes that this process can still have where `sharers` of its kind share a limit of several evenly.
  package func left(sharers: Int) -> Double {
    switch kind {
    case .addressSpace, .data: size - used
    case .controlGroup: (size - used) / Double(sharers)
    case .host: size / Double(sharers) - used
    }
  }

  /// Bytes that a need takes of this limit.
  package func demand(_ need: MemoryNeed) -> Double {
    switch kind {
    case .addressSpace, .data: need.written + need.reserved
    case .controlGroup, .host: need.written
    }
  }

  /// What it is, in words, such as `the address space limit (ulimit -v)`.
  package var words: String {
    switch kind {
    case .addressSpace: "the address space limit (ulimit -v)"
    case .data: "the data limit (ulimit -d)"
    case .controlGroup: "the memory limit of the control group \(group)"
    case .host: "this host's memory"
    }
  }
}

/// Lets all threads allocate from one heap where address space is limited: else each reserves 64 MiB for one of
/// its own, and nothing may be left for what is needed. Called before there are threads.
package func useOneHeapWhereLimited() {
  if ResourceLimit.addressSpace.bytes != nil { csystem_use_one_heap() }
}
