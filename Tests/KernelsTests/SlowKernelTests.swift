import Kernels
import Testing

/// Which kernel of OpenBLAS is slow on which CPU, whatever CPU the tests run on.
@Suite struct SlowKernelTests {
  @Test(arguments: [
    ("GenuineIntel", "6", ["avx2", "fma", "avx512f", "avx512vl"], true),
    ("GenuineIntel", "6", ["avx2", "fma"], false),
    // Knights Landing, whose AVX-512 OpenBLAS has no kernel for.
    ("GenuineIntel", "6", ["avx2", "fma", "avx512f"], false),
    // Zen 4 and Zen 5.
    ("AuthenticAMD", "25", ["avx2", "fma", "avx512f", "avx512vl"], false),
    ("AuthenticAMD", "26", ["avx2", "fma", "avx512f", "avx512vl"], true),
    (nil, nil, [], false),
  ])
  func fastAVX512IsKnown(_ vendor: String?, _ family: String?, _ flags: [String], _ isFast: Bool) {
    #expect(CPU.hasFastAVX512(vendor: vendor, family: family, flags: Set(flags)) == isFast)
  }

  @Test func aSlowKernelIsOneThatTheCPUCanBeat() {
    /// The extension that the problem names.
    func better(_ kernel: String, avx512: Bool, avx2: Bool) -> Substring? {
      BLAS.slowKernel(kernel, hasFastAVX512: avx512, hasAVX2: avx2, pinned: nil).map { slow in
        #expect(slow.problem.hasPrefix("OpenBLAS runs its \(kernel) kernel on a CPU with "))
        return slow.problem.dropFirst("OpenBLAS runs its \(kernel) kernel on a CPU with ".count)
          .prefix { $0 != "," }
      }
    }
    for kernel in ["SkylakeX", "Cooperlake", "SapphireRapids"] {
      #expect(better(kernel, avx512: true, avx2: true) == nil)
      #expect(better(kernel, avx512: false, avx2: true) == nil)
    }
    for kernel in ["Haswell", "Zen"] {
      #expect(better(kernel, avx512: true, avx2: true) == "AVX-512")
      #expect(better(kernel, avx512: false, avx2: true) == nil)
    }
    for kernel in ["Sandybridge", "Nehalem", "Prescott"] {
      #expect(better(kernel, avx512: true, avx2: true) == "AVX-512")
      #expect(better(kernel, avx512: false, avx2: true) == "AVX2")
      #expect(better(kernel, avx512: false, avx2: false) == nil)
    }
  }

  @Test func theRemedyGoesByWhatPinsTheKernel() {
    func remedy(avx512: Bool, pinned: String?) -> String? {
      BLAS.slowKernel("Nehalem", hasFastAVX512: avx512, hasAVX2: true, pinned: pinned)?.remedy
    }
    #expect(remedy(avx512: true, pinned: nil) == "set OPENBLAS_CORETYPE=SkylakeX")
    #expect(remedy(avx512: false, pinned: nil) == "set OPENBLAS_CORETYPE=Haswell")
    #expect(
      remedy(avx512: false, pinned: "Nehalem")
        == "OPENBLAS_CORETYPE=Nehalem pins it: run with `env -u OPENBLAS_CORETYPE`")
  }
}
