import Files
import Testing

@Suite struct ProtobufTests {
  /// The examples of the encoding's description.
  @Test func messagesAreThoseOfTheStandard() {
    var message = ProtobufMessage()
    message.add(1, 150 as Int64)
    message.add(2, "testing")
    #expect(message.bytes == [0x08, 0x96, 0x01, 0x12, 0x07] + Array("testing".utf8))
    var outer = ProtobufMessage()
    outer.add(3, message)
    outer.add(20, -1 as Int64)
    outer.add(1, Float(1))
    outer.add(2, [1.0])
    let minusOne = [0xA0, 0x01] + [UInt8](repeating: 0xFF, count: 9) + [1]
    let rest: [UInt8] = [0x0D, 0, 0, 0x80, 0x3F, 0x12, 8, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F]
    #expect(outer.bytes == [0x1A, 12] + message.bytes + minusOne + rest)
  }

  /// Content from elsewhere behind its start makes the same bytes.
  @Test func contentMayFollowFromElsewhere() {
    var whole = ProtobufMessage()
    whole.add(9, String(repeating: "x", count: 300))
    var start = ProtobufMessage()
    start.addStart(of: 9, byteCount: 300)
    #expect(whole.bytes == start.bytes + [UInt8](repeating: UInt8(ascii: "x"), count: 300))
    #expect(start.bytes == [0x4A, 0xAC, 0x02])
  }
}
