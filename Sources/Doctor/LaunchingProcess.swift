import Foundation

/// The program that started this rank: mpirun, its daemon on another host, or SLURM's.
struct LaunchingProcess: Codable, Equatable, Sendable {
  /// Its name, such as `mpirun`.
  let name: String
  /// The file of Open MPI's base library that it runs with, such as `libopen-pal.so.40.30.2`; nil where it
  /// has none, or may not be looked at.
  let library: String?

  private static let names: Set<String> = [
    "mpirun", "mpiexec", "orterun", "orted", "prterun", "prted", "prte", "mpiexec.hydra", "hydra_pmi_proxy",
    "slurmstepd",
  ]

  /// The nearest one above this process: shells may lie between. Nil where there is none.
  static func find(_ files: KernelFiles = KernelFiles()) -> LaunchingProcess? {
    var process = "self"
    for _ in 0..<16 {
      // pid (name) state parent ...: the name may have spaces and parentheses in it.
      guard let stat = files.text("/proc/\(process)/stat"), let end = stat.lastIndex(of: ")") else {
        return nil
      }
      let fields = stat[stat.index(after: end)...].split(separator: " ")
      guard fields.count > 1, let parent = Int(fields[1]), parent > 0 else { return nil }
      process = "\(parent)"
      if let name = files.text("/proc/\(process)/comm"), names.contains(name) {
        return LaunchingProcess(name: name, library: library(of: process, files))
      }
    }
    return nil
  }

  /// The file name of Open MPI's base library in a process: its version tells releases apart.
  static func library(of process: String, _ files: KernelFiles = KernelFiles()) -> String? {
    let mapped = (files.text("/proc/\(process)/maps") ?? "").split(separator: "\n").lazy.compactMap {
      $0.split(separator: "/").last
    }
    return mapped.first { $0.hasPrefix("libopen-pal.so") }.map(String.init)
  }
}
