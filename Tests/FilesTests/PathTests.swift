import Files
import Testing

@Suite struct PathTests {
  /// All that bytes can be comes back from the text, and the text of UTF-8 is itself.
  @Test func textsRoundTrip() {
    let special: [[UInt8]] = [
      [], Array("café/ü.jpg".utf8), Array("caf".utf8) + [0xE9] + Array(".jpg".utf8), [0xC3], [0xE2, 0x82],
      [0xF4, 0x80, 0x82, 0xA9], [0xF4, 0x80, 0x82], [0xED, 0xA0, 0x80], [0xC0, 0x80], [0xFF, 0xFE, 0x41],
      Array("e\u{301}".utf8), Array("é".utf8),
    ]
    let pairs = (1...255).flatMap { a in (1...255).map { b in [UInt8(a), UInt8(b)] } }
    for bytes in special + pairs {
      let path = Path(bytes: bytes)
      #expect(Path(path.text).bytes == bytes, "\(bytes)")
      let isText = String(validating: bytes, as: UTF8.self) != nil && bytes != special[5]
      #expect(path.isUTF8 == isText && (!isText || Array(path.text.utf8) == bytes), "\(bytes)")
      #expect(path.cString.map { UInt8(bitPattern: $0) } == bytes + [0])
    }
  }

  @Test func bytesOfNoCharacterAreShown() {
    let path = Path(bytes: Array("caf".utf8) + [0xE9] + Array(".jpg".utf8))
    #expect("\(path)" == #"caf\xe9.jpg"# && path.isShownEscaped)
    #expect("\(Path(#"caf\xe9.jpg"#))" == #"caf\xe9.jpg"# && !Path(#"caf\xe9.jpg"#).isShownEscaped)
    #expect("\(Path("a\nb\u{7F}\u{9B}"))" == #"a\x0ab\x7f\xc2\x9b"#)
    #expect("\(Path("naïve 画像"))" == "naïve 画像" && Path("a\n").isUTF8)
    #expect("\(FileError(path.text, expected: "a", found: "b"))" == #"caf\xe9.jpg: expected a, found b"#)
  }

  /// Letters that look the same are different files to the system.
  @Test func pathsAreComparedByTheirBytes() {
    #expect(Path("é") != Path("e\u{301}") && Set([Path("é"), Path("e\u{301}")]).count == 2)
    #expect(
      ["b", "a/b", "a-b", "é", "a"].map { Path($0) }.sorted()
        == ["a", "a-b", "a/b", "b", "é"].map { Path($0) })
  }

  @Test func namesAreJoined() {
    #expect(Path("a") / Path("b") == Path("a/b") && Path("/") / Path("b") == Path("/b"))
  }
}
