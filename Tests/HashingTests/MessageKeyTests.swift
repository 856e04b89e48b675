import Hashing
import Testing

@Suite struct MessageKeyTests {
  /// Test cases 1, 2, 5 (of a truncated code) and 6 of RFC 4231.
  @Test(arguments: [
    (
      [UInt8](repeating: 0x0B, count: 20), "Hi There",
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    ),
    (
      Array("Jefe".utf8), "what do ya want for nothing?",
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    ),
    ([UInt8](repeating: 0x0C, count: 20), "Test With Truncation", "a3b6167473100ee06e0c796c2955552b"),
    (
      [UInt8](repeating: 0xAA, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First",
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    ),
  ])
  func knownAnswers(key: [UInt8], message: String, digits: String) {
    let code = MessageKey(key).code(of: message.utf8, count: digits.count / 2)
    #expect(code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() == digits)
    #expect(MessageKey(key).isCode(code, of: message.utf8))
  }

  @Test func otherKeysMessagesAndCodesAreRefused() {
    let (key, message) = (MessageKey.random(), Array("beat".utf8))
    let code = key.code(of: message, count: 16)
    #expect(key.bytes.count == 32 && key.isCode(code, of: message))
    #expect(!MessageKey.random().isCode(code, of: message))
    for place in 0..<16 {
      var odd = code
      odd[place] ^= 1
      #expect(!key.isCode(odd, of: message), "byte \(place) of the code")
    }
    #expect(!key.isCode(code, of: message + [0]) && !key.isCode(code, of: message.dropLast()))
  }
}
