import Files
import Foundation
import Tensors
import Testing

/// What texts from outside are refused, and where.
@Suite struct JSONTests {
  /// Any JSON text, of which every value is decoded.
  private struct Anything: Decodable {
    init(from decoder: any Decoder) throws {
      if let object = try? decoder.container(keyedBy: AnyKey.self) {
        for key in object.allKeys { _ = try object.decode(Anything.self, forKey: key) }
      } else if var array = try? decoder.unkeyedContainer() {
        while !array.isAtEnd { _ = try array.decode(Anything.self) }
      } else if case let value = try decoder.singleValueContainer(), !value.decodeNil() {
        let isOther = (try? value.decode(Bool.self)) != nil || (try? value.decode(Double.self)) != nil
        if !isOther { _ = try value.decode(String.self) }
      }
    }
  }

  private func decode(_ text: String) throws(FileError) {
    _ = try decodeJSON(Anything.self, from: Array(text.utf8), path: "f", as: "JSON")
  }

  /// The message for a text, or nothing where it is taken.
  private func problem(_ bytes: [UInt8]) -> String {
    do {
      _ = try decodeJSON(Anything.self, from: bytes, path: "f", as: "JSON")
      return ""
    } catch {
      return error.description
    }
  }

  @Test(arguments: [
    "{}", " [ ] ", "null", "-0.5e+3", "\"a\"", #"{"a":{"a":1},"b":[{"a":1},{"a":2}]}"#, "[0, 10, -1.25E-2]",
    #"["\"\\\/\b\f\n\r\t\u00e4\ud83d\ude00", "ä😀", "\u0000"]"#, "\r\n\t[true,false,null]\n",
    #"{"":1," ":2}"#,
  ])
  func takesJSON(_ text: String) {
    #expect(throws: Never.self) { try decode(text) }
  }

  @Test(arguments: [
    ("", #"f, line 1, column 1: expected a value, found the end"#),
    (
      "{\"a\": 1,\n \"b\": 2,\n \"a\": 3}",
      #"f, line 3, column 2: expected each key once, found "a" again"#
    ),
    (
      #"{"x": {"kernel": 3, "kernel": 5}}"#,
      #"f, line 1, column 21: expected each key once, found "kernel" again"#
    ),
    (#"{"a": 1, "\u0061": 3}"#, #"f, line 1, column 10: expected each key once, found "a" again"#),
    // One letter, and a letter with an accent that combines: the same key.
    (
      "{\"\u{E4}\": 1, \"a\u{308}\": 3}",
      "f, line 1, column 10: expected each key once, found \"a\u{308}\" again"
    ),
    ("{\"ä\": 1,\r\n\"ö\" 2}", #"f, line 2, column 5: expected a colon behind the key "ö", found "2}""#),
    ("[1,]", #"f, line 1, column 4: expected a value, found "]""#),
    ("[1\n2]", #"f, line 2, column 1: expected a comma or "]", found "2]""#),
    (#"{"a":1,}"#, #"f, line 1, column 8: expected a key in double quotes, found "}""#),
    ("{'a': 1}", #"f, line 1, column 2: expected a key in double quotes, found "'a':""#),
    (#"{"a":1"#, #"f, line 1, column 7: expected a comma or "}", found the end"#),
    ("[1] []", #"f, line 1, column 5: expected the end of the text, found "[]""#),
    ("[01]", #"f, line 1, column 3: expected a comma or "]", found "1]""#),
    ("[1.]", #"f, line 1, column 4: expected a digit, found "]""#),
    ("[+1]", #"f, line 1, column 2: expected a value, found "+1]""#),
    ("[NaN]", #"f, line 1, column 2: expected a value, found "NaN]""#),
    ("[nul]", #"f, line 1, column 2: expected a value, found "nul]""#),
    ("// no\n{}", #"f, line 1, column 1: expected a value, found "//""#),
    (
      "[\"a\nb\"]", #"f, line 1, column 4: expected a quote or the escape of a control character, found "\n""#
    ),
    (#"["a"#, "f, line 1, column 2: expected a text in quotes, found no closing quote"),
    (#"["a\"#, "f, line 1, column 2: expected a text in quotes, found no closing quote"),
    (#"["\x"]"#, "f, line 1, column 2: expected UTF-8 and the escapes of JSON"),
    (#"["\ud800"]"#, "f, line 1, column 2: expected UTF-8 and the escapes of JSON"),
    (
      "\u{FEFF}{}",
      "f: expected JSON, in UTF-8 without a byte order mark, found the byte order mark of UTF-8; save the file without it"
    ),
    ("<!DOCTYPE html><html>", "f: expected JSON, found an HTML page; the download went wrong"),
  ])
  func saysWhatIsWrongAndWhere(_ text: String, _ expected: String) {
    #expect(problem(Array(text.utf8)).hasPrefix(expected), "\(problem(Array(text.utf8)))")
  }

  @Test func otherFilesAreNamed() {
    #expect(problem([0x1F, 0x8B, 8, 0]) == "f: expected JSON, found gzip data; unpack it first")
    #expect(problem([0xFF, 0xFE, 0x7B, 0]).contains("found the byte order mark of UTF-16; "))
    #expect(problem([0x22, 0xC3, 0x28, 0x22]).contains("line 1, column 1: expected UTF-8"))
  }

  @Test func depthIsLimited() {
    let deep = { (count: Int) in String(repeating: "[", count: count) + String(repeating: "]", count: count) }
    #expect(problem(Array(deep(100).utf8)) == "")
    #expect(
      problem(Array(deep(101).utf8)).hasPrefix(
        "f, line 1, column 101: expected at most 100 arrays and objects in each other"))
    #expect(problem([UInt8](repeating: UInt8(ascii: "["), count: 10_000_000)).contains("column 101:"))
    #expect(problem(Array(String(repeating: #"{"a":"#, count: 1_000_000).utf8)).contains("at most 100"))
  }

  @Test func valuesThatDoNotFitAreNamed() {
    struct Layers: Decodable {
      struct Layer: Decodable { let units: Int }
      let layers: [Layer]
    }
    let text = Array(#"{"layers": [{"units": 1}, {"units": "2"}]}"#.utf8)
    let error = #expect(throws: FileError.self) {
      try decodeJSON(Layers.self, from: text, path: "f", as: "layers")
    }
    #expect(error?.description == "f: expected layers, found layers[1].units: expected Int")
  }

  /// Damage that is let pass, Foundation lets pass; what is refused, Foundation refuses too, but for keys that are
  /// there twice and a comma behind the last element, which it takes.
  @Test func agreesWithFoundationOnDamage() {
    let whole = Array(
      #"{"name": "m\u00e4", "input": [28, -1.5e3, 1], "layers": [{"b": true}, {"a": null, "c": {}}], "é": ""}"#
        .utf8)
    var random = RandomStream(seed: 1, purpose: .initialization)
    var (taken, refused) = (0, 0)
    for _ in 0..<20_000 {
      var bytes = whole
      for _ in 0...random.integer(below: 2) {
        bytes[random.integer(below: bytes.count)] ^= 1 << UInt8(random.integer(below: 8))
      }
      if random.integer(below: 4) == 0 { bytes.remove(at: random.integer(below: bytes.count)) }
      let theirs = (try? JSONDecoder().decode(Anything.self, from: Data(bytes))) != nil
      let ours = problem(bytes)
      let isOursAlone = ours.contains(" again") || ours.contains("found \"]") || ours.contains("found \"}")
      #expect((ours == "") == theirs || isOursAlone, "\(String(decoding: bytes, as: UTF8.self)): \(ours)")
      if ours == "" { taken += 1 } else { refused += 1 }
    }
    #expect(taken > 2_000 && refused > 2_000, "\(taken), \(refused)")
  }
}
