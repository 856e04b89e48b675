import Files
import Testing

@Suite struct JSONValueTests {
  private func parse(_ text: String) throws -> JSONValue { try JSONValue(Array(text.utf8)[...]) }

  @Test func readsWhatJSONHas() throws {
    #expect(
      try parse(#" {"a": [1, -2, 0.5, 1e3, 0], "b": {"c": null}, "": [true, false, {}, []]} "#)
        == .object([
          ("a", .array([.integer(1), .integer(-2), .number(0.5), .number(1000), .integer(0)])),
          ("b", .object([("c", .null)])),
          ("", .array([.boolean(true), .boolean(false), .object([]), .array([])])),
        ]))
    #expect(try parse(#""\"\\\/\b\f\n\r\tä\u00e4\ud83d\ude00""#) == .string("\"\\/\u{8}\u{C}\n\r\tää😀"))
    #expect(try parse("9223372036854775807") == .integer(.max))
    #expect(try parse("9223372036854775808") == .number(0x1p63))
  }

  @Test(arguments: [
    "", " ", "{", "[", "[1", "[1,]", "{\"a\"}", "{\"a\":1,}", "{\"a\":1,\"a\":2}", "{a:1}", "\"", "\"\\x\"",
    "\"\\u12\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\n\"", "01", "-", "--1", "1.", ".5", "1e", "+1",
    "1e999", "nul", "truex", "1 2", "NaN", "'a'",
  ])
  func refusesWhatIsNoJSON(_ text: String) {
    #expect(throws: JSONSyntaxError.self) { try parse(text) }
  }

  @Test func refusesWrongBytesAndDeepNesting() {
    #expect(throws: JSONSyntaxError.self) { try JSONValue([0x22, 0xFF, 0x22]) }
    let error = #expect(throws: JSONSyntaxError.self) {
      try parse(String(repeating: "[", count: 1_000_000))
    }
    #expect(error?.description == "nesting deeper than 64 at byte 64")
  }

  @Test func writtenStringsReadBack() throws {
    for text in ["", "plain", "\"quoted\\\"", "\u{0}\u{1F}\n\t", "ä 😀"] {
      #expect(try parse(jsonString(text)) == .string(text))
    }
  }
}
