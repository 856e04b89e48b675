import CCrypto

/// A secret by which those who share it tell each other's messages from a forger's: HMAC-SHA256 (RFC 2104).
package struct MessageKey: Sendable {
  /// Bytes of a random key: as many as the digest has, less would be weaker, more no stronger (RFC 2104,
  /// section 3).
  package static let size = 32

  package let bytes: [UInt8]

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// A new secret, by the system's random numbers (`getrandom`).
  package static func random() -> MessageKey {
    var generator = SystemRandomNumberGenerator()
    return MessageKey((0..<size).map { _ in UInt8.random(in: 0 ... .max, using: &generator) })
  }

  /// The first `count` bytes of the code of a message, at most 32.
  ///
  /// Corresponds to `HMAC`.
  package func code(of message: some Sequence<UInt8>, count: Int) -> [UInt8] {
    precondition((16...32).contains(count), "a code of \(count) bytes")
    let message = Array(message)
    var code = [UInt8](repeating: 0, count: 32)
    let result =
      isLibcryptoReady
      ? HMAC(EVP_sha256(), bytes, Int32(bytes.count), message, message.count, &code, nil) : nil
    precondition(result != nil, "libcrypto did not compute an HMAC of \(message.count) bytes")
    return Array(code.prefix(count))
  }

  /// Whether `code` is the beginning of the code of `message`. It takes equally long wherever the two differ,
  /// so that a forger learns nothing from the time.
  ///
  /// Corresponds to `CRYPTO_memcmp`.
  package func isCode(_ code: some Sequence<UInt8>, of message: some Sequence<UInt8>) -> Bool {
    let code = Array(code)
    return CRYPTO_memcmp(code, self.code(of: message, count: code.count), code.count) == 0
  }
}
