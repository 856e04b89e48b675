import CXXHash

/// A hash of 128 bits at the speed of memory: XXH3 with seed 0. It tells whether two sequences of bytes are
/// the same, unless somebody made up the one to have the fingerprint of the other.
///
/// `xxhsum -H2` prints the same digits. Source: <https://github.com/Cyan4973/xxHash>.
package struct Fingerprint: Hashable, Sendable, CustomStringConvertible {
  /// A short name of the algorithm, for texts that may meet fingerprints of another one.
  package static let kind = "xxh3"

  package let high: UInt64
  package let low: UInt64

  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// Corresponds to `XXH3_128bits`.
  package init(_ bytes: RawSpan) {
    self.init(bytes.withUnsafeBytes { XXH3_128bits($0.baseAddress, $0.count) })
  }

  fileprivate init(_ hash: XXH128_hash_t) { self.init(high: hash.high64, low: hash.low64) }

  /// 32 hexadecimal digits.
  package var description: String { hexadecimal(high, digits: 16) + hexadecimal(low, digits: 16) }
}

/// The making of a `Fingerprint` of bytes that come piece by piece.
///
/// Corresponds to `XXH3_128bits_reset`, `XXH3_128bits_update` and `XXH3_128bits_digest`, which fail only
/// where there is no memory.
package struct FingerprintStream: ~Copyable {
  private let state: OpaquePointer

  package init() {
    guard let state = XXH3_createState(), XXH3_128bits_reset(state) == XXH_OK else {
      preconditionFailure("libxxhash cannot begin a fingerprint")
    }
    self.state = state
  }

  deinit { XXH3_freeState(state) }

  package mutating func update(_ bytes: RawSpan) {
    let result = bytes.withUnsafeBytes { XXH3_128bits_update(state, $0.baseAddress, $0.count) }
    // The library calls the address of no bytes an error.
    precondition(result == XXH_OK || bytes.byteCount == 0, "libxxhash did not take \(bytes.byteCount) bytes")
  }

  /// The fingerprint of all bytes so far.
  package var fingerprint: Fingerprint { Fingerprint(XXH3_128bits_digest(state)) }
}
