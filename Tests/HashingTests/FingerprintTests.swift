import Hashing
import Testing

@Suite struct FingerprintTests {
  /// Bytes 1, 8, 15, ... modulo 256.
  private func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: 7 * $0 + 1) } }

  /// What xxHash's own program prints, on both sides of each length at which the algorithm changes:
  ///
  ///     python3 -c "import sys; sys.stdout.buffer.write(bytes((7*i+1)%256 for i in range($n)))" | xxhsum -H2
  @Test(arguments: [
    (0, "99aa06d3014798d86001c324468d497f"), (1, "51025a4491835505e12ef9d2eb86ceeb"),
    (3, "f727126d6288a4bd5c83885a0fb5d516"), (4, "6a20c426eb2da17d217908f07519e96e"),
    (8, "dd669d5507e0e9404506373ef0af21f8"), (9, "781bfd0e8d95a9ada51b142882780bcb"),
    (16, "6c53b945f90d679849bf196d35649b79"), (17, "f889d91b7faf208294ad051aea796d7e"),
    (128, "776e5a2cae08df3bd480e3bdeadbf37f"), (129, "b550da2f042256556a4dda91524c13ef"),
    (240, "3f558c88fda1da664f23bfd3609734e8"), (241, "9ea4272027cb71fcbff7215089202d8f"),
    (1024, "418876ca5eaea67dac8e32e4ea3ba062"), (5000, "41e4bc877e39437f882162ebfafc2c3f"),
  ])
  func digitsAreThoseOfXXHash(count: Int, digits: String) {
    let bytes = bytes(count)
    #expect(Fingerprint(bytes.span.bytes).description == digits)
    for pieces in [1, 3] {
      var stream = FingerprintStream()
      for piece in 0..<pieces {
        stream.update(bytes.span.extracting(count * piece / pieces..<count * (piece + 1) / pieces).bytes)
      }
      let fingerprint = stream.fingerprint
      #expect(fingerprint == Fingerprint(bytes.span.bytes), "in \(pieces) pieces")
    }
  }

  @Test func digitsHaveLeadingZeros() {
    #expect(Fingerprint(high: 0xAB, low: 1).description == "00000000000000ab0000000000000001")
  }
}
