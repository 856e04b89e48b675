import Glibc

/// A limit that the kernel holds this process to, as a shell or batch system has set it.
package enum ResourceLimit: Sendable {
  /// Bytes of address space, whether used or only reserved: `ulimit -v`; h_vmem of Grid Engine.
  case addressSpace
  /// Bytes of memory that is the process's own to write: `ulimit -d`.
  case data
  /// Bytes that may be locked in memory, as network adapters need it: `ulimit -l`.
  case lockedMemory

  /// The limit in bytes; nil for none.
  ///
  /// Corresponds to `getrlimit`.
  package var bytes: Double? {
    let resource =
      switch self {
      case .addressSpace: RLIMIT_AS
      case .data: RLIMIT_DATA
      case .lockedMemory: __RLIMIT_MEMLOCK
      }
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0, limit.rlim_cur < rlim_t.max else {
      return nil
    }
    return Double(limit.rlim_cur)
  }
}
