import CCrypto

/// SHA-256 of a sequence of bytes (FIPS 180-4), fed piece by piece.
///
/// Corresponds to `EVP_DigestInit_ex`, `EVP_DigestUpdate` and `EVP_DigestFinal_ex` of libcrypto, which fail
/// only where there is no memory.
package struct SHA256: ~Copyable {
  private let context: OpaquePointer

  package init() {
    guard isLibcryptoReady, let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1
    else { preconditionFailure("libcrypto cannot begin a SHA-256") }
    self.context = context
  }

  deinit { EVP_MD_CTX_free(context) }

  package mutating func update(_ bytes: RawSpan) {
    let isTaken = bytes.withUnsafeBytes { EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
    precondition(isTaken == 1, "libcrypto did not take \(bytes.byteCount) bytes")
  }

  /// The digest of all bytes as 64 hexadecimal digits.
  package consuming func hexDigest() -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    precondition(EVP_DigestFinal_ex(context, &digest, nil) == 1, "libcrypto did not end a SHA-256")
    return digest.map { hexadecimal($0, digits: 2) }.joined()
  }
}

/// A number with leading zeros.
func hexadecimal(_ number: some BinaryInteger, digits: Int) -> String {
  let text = String(number, radix: 16)
  return String(repeating: "0", count: digits - text.count) + text
}
