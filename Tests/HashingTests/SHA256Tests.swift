import Hashing
import Testing

@Suite struct SHA256Tests {
  private func digest(_ text: String, pieces: Int = 1) -> String {
    let bytes = Array(text.utf8)
    var hash = SHA256()
    for piece in 0..<pieces {
      hash.update(
        bytes.span.extracting(bytes.count * piece / pieces..<bytes.count * (piece + 1) / pieces).bytes)
    }
    return hash.hexDigest()
  }

  /// Examples of NIST, FIPS 180-4.
  @Test func knownAnswers() {
    #expect(digest("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")
        == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    #expect(
      digest(String(repeating: "a", count: 1_000_000))
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test func piecesMakeNoDifference() {
    for length in [55, 56, 63, 64, 65, 200] {
      let text = String(repeating: "x", count: length)
      #expect(digest(text, pieces: 7) == digest(text))
    }
  }
}
