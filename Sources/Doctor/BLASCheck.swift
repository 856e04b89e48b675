import Kernels
import Parallel

/// The same OpenBLAS on all ranks, by the fastest kernel that the CPU can run.
package struct BLASCheck: Check {
  package static let name = "BLAS"

  package struct Rank: Codable, Equatable {
    package var version: String
    /// Such as `SkylakeX`.
    package var kernel: String
    /// `OPENBLAS_CORETYPE`, which pins the kernel.
    package var coretype: String?
    /// Threads that a product runs on: one, as the program's own threads share the cores.
    package var threads: Int
    /// Why the kernel is a slow one, and what to do; nil when it is not.
    package var slow: String?
    package var slowRemedy: String?

    package init(
      version: String, kernel: String, coretype: String? = nil, threads: Int, slow: String? = nil,
      slowRemedy: String? = nil
    ) {
      self.version = version
      self.kernel = kernel
      self.coretype = coretype
      self.threads = threads
      self.slow = slow
      self.slowRemedy = slowRemedy
    }
  }

  let ranks: ByRank<Rank>

  package init(_ ranks: ByRank<Rank>) { self.ranks = ranks }

  init(_ world: World) throws {
    BLAS.useOneThread()
    let slow = BLAS.slowKernel
    self.init(
      try ByRank(
        gathering: Rank(
          version: BLAS.version, kernel: BLAS.kernelName, coretype: BLAS.pinnedKernel, threads: BLAS.threads,
          slow: slow?.problem, slowRemedy: slow?.remedy), world))
  }

  package var facts: String {
    let pinned = Set(ranks.facts.compactMap(\.coretype)).sorted()
    return ranks.summary { "OpenBLAS \($0.version), \($0.kernel) kernel" }
      + (pinned.isEmpty ? "" : ", pinned by OPENBLAS_CORETYPE=\(pinned.joined(separator: ", "))")
  }

  package var problems: [Problem] {
    var problems: [Problem] = []
    if ranks.groups(\.kernel).count > 1 {
      problems.append(
        .warning(
          "OpenBLAS runs different kernels: \(ranks.summary(\.kernel)); all ranks wait for the slowest, and "
            + "--reproducible gives other bits",
          remedy: ranks.facts.contains { $0.coretype != nil }
            ? "OPENBLAS_CORETYPE pins it on some: run with `env -u OPENBLAS_CORETYPE`"
            : "one for all: mpirun -x OPENBLAS_CORETYPE=\(ranks.groups(\.kernel).last!.key)"))
    }
    if ranks.groups(\.version).count > 1 {
      problems.append(
        .warning(
          "ranks run different versions of OpenBLAS: \(ranks.summary(\.version)); --reproducible may give "
            + "other bits", remedy: "install one version on all hosts: `ldd $(which cnn-mpi) | grep openblas`"
        ))
    }
    for (slow, slowRanks) in ranks.groups(\.slow) {
      problems.append(
        .warning(
          slowRanks.count == ranks.count ? slow : "\(ranks.named(slowRanks)): \(slow)",
          remedy: ranks[slowRanks[0]].slowRemedy ?? ""))
    }
    return problems
  }
}
