import Files
import Testing

@Suite struct DelimitedTextTests {
  private func read(_ text: String) throws -> [[String]] {
    try DelimitedText(bytes: Array(text.utf8), path: "t").records.map { record in
      record.fields.map { String(decoding: $0, as: UTF8.self) }
    }
  }

  @Test(arguments: [
    "a,b\nc,d\n", "a,b\r\nc,d\r\n", "a,b\rc,d", "\u{FEFF}a,b\n\n  \nc,d", " a , b \nc,\"d\"", "a\tb\nc\td",
    "a;b\nc;d\n", "\"a\",b\n\"c\" , \"d\" \n",
  ])
  func separatorsAndLineEndsAreToldByTheText(text: String) throws {
    #expect(try read(text) == [["a", "b"], ["c", "d"]])
  }

  @Test func aQuotedFieldMayHaveAnything() throws {
    #expect(
      try read("\"a,\"\"b\"\"\n c\",\"\"\nd\"e,f") == [["a,\"b\"\n c", ""], ["d\"e", "f"]])
    // The separator that divides all lines alike.
    #expect(try read("a,b;1\nc;2\nd,e,f;3") == [["a,b", "1"], ["c", "2"], ["d,e,f", "3"]])
    #expect(try read("one\ntwo") == [["one"], ["two"]])
    #expect(try read("") == [] && read("\n\r\n") == [])
    #expect(try read("a,\n,b") == [["a", ""], ["", "b"]])
  }

  /// Lines are counted as an editor does, those within quotes, too.
  @Test func recordsKnowTheirLines() throws {
    let text = "a,b\r\n\r\n\"c\r\nd\",e\rf,g\nh,i"
    #expect(try DelimitedText(bytes: Array(text.utf8), path: "t").records.map(\.line) == [1, 3, 5, 6])
  }

  @Test(arguments: [
    ("a,b\nc,d\n\ne", "t, line 4: expected 2 fields, as line 1 has, found 1; put fields"),
    ("a,b\n\"c\nd,e\n", "t, line 2: expected a closing double quote, found the end of the file"),
    (
      "a,b\n\"c\"d,e", "t, line 2: expected the end of the field behind a closing double quote, found \"d,e\""
    ),
    ("a,b\0", "t: expected a text, found a zero at byte 3"),
    ("PK\u{3}\u{4}\0", "t: expected a text, found a zip archive; unpack it first"),
  ])
  func saysWhatIsWrong(text: String, message: String) {
    let error = #expect(throws: FileError.self) { try read(text) }
    #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
  }
}
