import CCPU
import Foundation

/// The processor, and what the kernels were compiled for: the machine that runs them may be another one.
package enum CPU {
  /// The extensions, by their names in `/proc/cpuinfo`, without which the kernels die of an illegal
  /// instruction.
  package static var requiredFlags: [String] {
    String(cString: ccpu_required_flags()).split(separator: " ").map(String.init)
  }

  /// Its name, such as `Intel(R) Xeon(R) Platinum 8488C`.
  package static var name: String { information["model name"] ?? "unknown CPU" }

  /// Its extensions, by their names in `/proc/cpuinfo`.
  package static var flags: Set<String> {
    Set((information["flags"] ?? "").split(separator: " ").map(String.init))
  }

  static var hasFastAVX512: Bool {
    hasFastAVX512(vendor: information["vendor_id"], family: information["cpu family"], flags: flags)
  }

  /// AVX-512 runs at twice the speed of AVX2 on a CPU that `/proc/cpuinfo` describes so: not on Zen 4, which
  /// has units of 256 bits.
  package static func hasFastAVX512(vendor: String?, family: String?, flags: Set<String>) -> Bool {
    let isZen4 = vendor == "AuthenticAMD" && family == "25"
    return flags.isSuperset(of: ["avx512f", "avx512vl"]) && !isZen4
  }

  /// The first processor of `/proc/cpuinfo`.
  private static let information: [String: String] = {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    var fields: [String: String] = [:]
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).prefix(while: { !$0.isEmpty }) {
      let parts = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
      if parts.count == 2 { fields[parts[0]] = parts[1] }
    }
    return fields
  }()
}

extension BLAS {
  /// What to say when the CPU could run a faster kernel than the one that OpenBLAS chose; nil when it could
  /// not.
  package static var slowKernelWarning: String? { slowKernel.map { "\($0.problem); \($0.remedy)" } }

  /// The same in two parts.
  package static var slowKernel: (problem: String, remedy: String)? {
    slowKernel(
      kernelName, hasFastAVX512: CPU.hasFastAVX512, hasAVX2: CPU.flags.isSuperset(of: ["avx2", "fma"]),
      pinned: pinnedKernel)
  }

  /// What `OPENBLAS_CORETYPE` says.
  package static var pinnedKernel: String? { ProcessInfo.processInfo.environment["OPENBLAS_CORETYPE"] }

  /// The same for an OpenBLAS that runs `kernel` on a CPU with these extensions.
  ///
  /// - Parameter pinned: what `OPENBLAS_CORETYPE` says.
  package static func slowKernel(
    _ kernel: String, hasFastAVX512: Bool, hasAVX2: Bool, pinned: String?
  ) -> (problem: String, remedy: String)? {
    let avx512 = ["SkylakeX", "Cooperlake", "SapphireRapids"]
    let avx2 = ["Haswell", "Zen"]
    let better: String
    if hasFastAVX512 && !avx512.contains(kernel) {
      better = "AVX-512"
    } else if hasAVX2 && !(avx512 + avx2).contains(kernel) {
      better = "AVX2"
    } else {
      return nil
    }
    return (
      "OpenBLAS runs its \(kernel) kernel on a CPU with \(better), at half the speed or less",
      pinned.map { "OPENBLAS_CORETYPE=\($0) pins it: run with `env -u OPENBLAS_CORETYPE`" }
        ?? "set OPENBLAS_CORETYPE=\(better == "AVX2" ? "Haswell" : "SkylakeX")"
    )
  }
}
