import COpenBLAS

/// The dense matrix product, by OpenBLAS.
package enum BLAS {
  /// Name of the kernel that OpenBLAS chose for this CPU, such as `SkylakeX`; `OPENBLAS_CORETYPE` pins it.
  package static var kernelName: String { String(cString: openblas_get_corename()) }

  /// Version of OpenBLAS, such as `0.3.21`.
  package static var version: String {
    let words = String(cString: openblas_get_config()).split(separator: " ")
    return words.count > 1 ? String(words[1]) : "unknown"
  }

  /// One BLAS thread a calling thread: the program's own threads share the cores.
  package static func useOneThread() { openblas_set_num_threads(1) }

  /// Bytes of address space that OpenBLAS maps for each thread that calls it, at its first product, and keeps
  /// (`BUFFER_SIZE` of common_x86_64.h and common_arm64.h: 32 << 22). Where it gets none it tries for ever.
  package static let bufferBytes = 128 << 20

  /// Threads that a product runs on.
  package static var threads: Int { Int(openblas_get_num_threads()) }
}

/// C = A B + beta C, all row-major.
///
/// - Parameters:
///   - a: A is (m, k), or its transpose (k, m) where `transposeA`.
///   - b: B is (k, n), or its transpose (n, k) where `transposeB`.
///   - c: C is (m, n). Not read when beta is 0.
///
/// Corresponds to `cblas_sgemm`.
package func multiply(
  _ a: Span<Float>, transposeA: Bool = false, _ b: Span<Float>, transposeB: Bool = false,
  into c: inout MutableSpan<Float>, m: Int, n: Int, k: Int, beta: Float = 0
) {
  precondition(
    a.count == m * k && b.count == k * n && c.count == m * n,
    "(\(m) x \(k)) (\(k) x \(n)) with \(a.count), \(b.count) and \(c.count) elements")
  cblas_sgemm(
    CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
    Int32(m), Int32(n), Int32(k), 1, a.address, Int32(transposeA ? m : k),
    b.address, Int32(transposeB ? k : n), beta, c.address, Int32(n))
}

/// `multiply` of matrices, or parts of matrices, in memory that is known to be large enough.
///
/// - Parameters rowOfA, rowOfB, rowOfC: distances between the rows of a matrix as it is stored; nil where they
///   lie together.
func product(
  _ a: UnsafePointer<Float>, rowOfA: Int? = nil, transposeA: Bool = false, _ b: UnsafePointer<Float>,
  rowOfB: Int? = nil, transposeB: Bool = false, _ c: UnsafeMutablePointer<Float>, rowOfC: Int? = nil,
  m: Int, n: Int, k: Int, beta: Float = 0
) {
  cblas_sgemm(
    CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
    Int32(m), Int32(n), Int32(k), 1, a, Int32(rowOfA ?? (transposeA ? m : k)),
    b, Int32(rowOfB ?? (transposeB ? k : n)), beta, c, Int32(rowOfC ?? n))
}

/// `product` in 64 bits. Corresponds to `cblas_dgemm`.
package func product(
  _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, transposeB: Bool = false,
  _ c: UnsafeMutablePointer<Double>, rowOfC: Int? = nil, m: Int, n: Int, k: Int
) {
  cblas_dgemm(
    CblasRowMajor, CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans, Int32(m), Int32(n), Int32(k), 1, a,
    Int32(k), b, Int32(transposeB ? k : n), 0, c, Int32(rowOfC ?? n))
}
