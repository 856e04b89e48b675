import Kernels
import MPI
import Parallel
import System

/// With what, and where, the program runs: part of `run.json` and of what benchmarks print as JSON.
package struct RunEnvironment: Codable, Equatable, Sendable {
  package let version: String
  /// By rank.
  package let hosts: [String]
  /// Cores that each rank may use, by rank, such as `0-3,8`: the hardware threads of a core are one.
  package let cores: [String]
  package let cpu: String
  package let mpi: String
  package let blas: String
  package let blasKernel: String

  package init(_ world: World, version: String) {
    self.version = version
    hosts = world.hosts
    cores = world.physicalCores.map { shortList($0.sorted()) }
    cpu = CPU.name
    mpi = MPIRuntime.libraryVersion
    blas = "OpenBLAS \(BLAS.version)"
    blasKernel = BLAS.kernelName
  }

  /// The map of ranks and cores.
  package var placement: Placement {
    Placement(hosts: hosts, cores: zip(hosts, cores).map { Set(parseCoreList($1[...])) })
  }
}
