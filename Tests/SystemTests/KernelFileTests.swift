import System
import TestSupport
import Testing

/// What the kernel says, from files made up like its own.
@Suite struct KernelFileTests {
  @Test func cgroupsOfVersion2() throws {
    let group = try withKernelFiles(
      [
        "/proc/self/cgroup": "0::/slurm/job_1/step_0\n",
        "/sys/fs/cgroup/slurm/job_1/step_0/cpu.max": "max 100000\n",
        "/sys/fs/cgroup/slurm/job_1/cpu.max": "250000 100000\n",
        "/sys/fs/cgroup/slurm/job_1/memory.max": "8000000000\n",
        "/sys/fs/cgroup/slurm/job_1/memory.current": "3000000000\n",
        "/sys/fs/cgroup/slurm/job_1/memory.stat": "anon 1\ninactive_file 1000000000\n",
        "/sys/fs/cgroup/slurm/memory.max": "max\n",
      ], Cgroup.init)
    #expect(group.path == "/slurm/job_1/step_0" && group.cpuQuota == 2.5)
    #expect(group.memoryLimit == 8e9 && group.memoryLeft == 6e9)
  }

  /// A container sees its own group as the root, under the path that it has outside.
  @Test func cgroupsOfVersion1() throws {
    let group = try withKernelFiles(
      [
        "/proc/self/cgroup": "4:memory:/docker/1f\n2:cpu,cpuacct:/docker/1f\n1:name=systemd:/\n",
        "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "50000",
        "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes": "1000",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes": "400",
      ], Cgroup.init)
    #expect(group.path == "/docker/1f" && group.cpuQuota == 0.5)
    #expect(group.memoryLimit == 1000 && group.memoryLeft == 600)
  }

  @Test func noLimits() throws {
    let group = try withKernelFiles(
      [
        "/proc/self/cgroup": "4:memory:/\n2:cpu:/\n0::/\n", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
        "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
      ], Cgroup.init)
    #expect(group.cpuQuota == nil && group.memoryLimit == nil && group.memoryLeft == nil)
    #expect(try withKernelFiles([:], Cgroup.init).path == "/")
  }

  @Test func memoryOfTheHost() throws {
    try withKernelFiles(["/proc/meminfo": "MemTotal:  1000 kB\nMemAvailable:    10 kB\n"]) { files in
      #expect(files.memory("MemTotal") == 1_024_000 && files.memory("MemAvailable") == 10_240)
      #expect(files.memory("Mem") == nil)
    }
    // Long files whose size the kernel gives as 0.
    #expect(KernelFiles().text("/proc/self/maps")?.hasSuffix("[vsyscall]") == true)
  }
}
