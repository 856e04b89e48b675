import System

/// The program that started this rank: mpirun, its daemon on another host, or SLURM's.
package struct LaunchingProcess: Codable, Equatable, Sendable {
  /// Its name, such as `mpirun`.
  package let name: String
  /// The file of Open MPI's base library that it runs with, such as `libopen-pal.so.40.30.2`; nil where it
  /// has none, or may not be looked at.
  package let library: String?

  package init(name: String, library: String?) {
    self.name = name
    self.library = library
  }

  /// The nearest one above this process. Nil where there is none.
  package static func find(_ files: KernelFiles = KernelFiles()) -> LaunchingProcess? {
    JobLauncher.find(files).map {
      LaunchingProcess(name: $0.name, library: library(of: "\($0.id)", files))
    }
  }

  /// The file name of Open MPI's base library in a process: its version tells releases apart.
  static func library(of process: String, _ files: KernelFiles = KernelFiles()) -> String? {
    let mapped = (files.text("/proc/\(process)/maps") ?? "").split(separator: "\n").lazy.compactMap {
      $0.split(separator: "/").last
    }
    return mapped.first { $0.hasPrefix("libopen-pal.so") }.map(String.init)
  }
}
