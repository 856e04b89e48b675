import Foundation
import System
import TestSupport
import Testing

@Suite struct MemoryLimitTests {
  @Test func limitsAreThoseOfHostAndGroup() throws {
    let limits = try withKernelFiles(
      [
        "/proc/meminfo": "MemTotal:  1000 kB\n", "/proc/self/statm": "900 10 5 1 0 300 0\n",
        "/proc/self/cgroup": "0::/job/step\n", "/sys/fs/cgroup/job/memory.high": "600000\n",
        "/sys/fs/cgroup/job/memory.max": "800000\n", "/sys/fs/cgroup/job/memory.current": "400000\n",
        "/sys/fs/cgroup/job/memory.stat": "active_file 30000\ninactive_file 70000\ninactive_anon 9\n",
      ]
    ) { files in
      MemoryLimit.all(KernelFiles(root: files.root)).filter { $0.kind == .host || $0.kind == .controlGroup }
    }
    let page = Double(sysconf(Int32(_SC_PAGESIZE)))
    #expect(
      limits == [
        MemoryLimit(.controlGroup, size: 600_000, used: 300_000, group: "/job"),
        MemoryLimit(.host, size: 1_024_000, used: 10 * page),
      ])
  }

  /// A group's memory is used by all of its processes, a host's is shared out among its ranks.
  @Test func whatIsLeftGoesByTheKind() {
    func left(_ kind: MemoryLimit.Kind) -> Double {
      MemoryLimit(kind, size: 100, used: 20).left(sharers: 4)
    }
    #expect(left(.addressSpace) == 80 && left(.data) == 80 && left(.controlGroup) == 20 && left(.host) == 5)
    let need = MemoryNeed(written: 3, reserved: 4) + MemoryNeed(written: 10)
    func demand(_ kind: MemoryLimit.Kind) -> Double { MemoryLimit(kind, size: 1, used: 0).demand(need) }
    #expect(demand(.addressSpace) == 17 && demand(.data) == 17)
    #expect(demand(.controlGroup) == 13 && demand(.host) == 13)
  }

  /// The group that leaves least counts, with its own size, wherever it stands in the tree.
  @Test func theNarrowestGroupCounts() throws {
    let group = try withKernelFiles(
      [
        "/proc/self/cgroup": "0::/a/b\n", "/sys/fs/cgroup/a/memory.max": "1000",
        "/sys/fs/cgroup/a/memory.current": "900", "/sys/fs/cgroup/a/b/memory.max": "500",
        "/sys/fs/cgroup/a/b/memory.current": "100",
      ], Cgroup.init)
    #expect(group.memoryLimit == 1000 && group.memoryLeft == 100 && group.memoryPath == "/a")
  }
}
