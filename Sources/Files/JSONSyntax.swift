import Foundation

/// The place where a text breaks the rules of JSON, and how.
struct JSONSyntaxError: Error, Equatable {
  /// The place, as a byte of the text.
  let offset: Int
  let expected: String
  let found: String
}

/// Reads a text by the rules of JSON (RFC 8259), only to see whether it keeps them.
///
/// Foundation's decoder takes one of two values under the same key without a word, and reads texts that are no
/// JSON. This check comes before it, in one pass, and refuses keys that are there twice once their escapes are
/// resolved.
struct JSONSyntax {
  /// The most arrays and objects within each other, of which each takes a part of the stack.
  static let deepest = 100

  private static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
  private static let space = Array(" \t\n\r".utf8)

  private let bytes: [UInt8]
  /// The byte that comes next.
  private var next = 0
  private let decoder = JSONDecoder()

  static func check(_ bytes: [UInt8]) throws(JSONSyntaxError) {
    var syntax = JSONSyntax(bytes: bytes)
    try syntax.value(depth: 0)
    guard syntax.peek() == nil else { throw syntax.error("the end of the text") }
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private mutating func value(depth: Int) throws(JSONSyntaxError) {
    switch peek() {
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      guard depth < Self.deepest else {
        throw error("at most \(Self.deepest) arrays and objects in each other")
      }
      if bytes[next] == UInt8(ascii: "{") { return try object(depth) }
      try list(until: "]") { syntax throws(JSONSyntaxError) in try syntax.value(depth: depth + 1) }
    case UInt8(ascii: "\""): _ = try string()
    case let byte? where byte == UInt8(ascii: "-") || Self.digits.contains(byte): try number()
    default:
      guard let word = ["true", "false", "null"].first(where: { bytes[next...].starts(with: $0.utf8) }) else {
        throw error("a value")
      }
      next += word.utf8.count
    }
  }

  private mutating func object(_ depth: Int) throws(JSONSyntaxError) {
    var keys = Set<String>()
    try list(until: "}") { syntax throws(JSONSyntaxError) in
      guard syntax.peek() == UInt8(ascii: "\"") else { throw syntax.error("a key in double quotes") }
      let start = syntax.next
      let key = try syntax.string()
      guard keys.insert(key).inserted else {
        throw JSONSyntaxError(offset: start, expected: "each key once", found: "\(shown(key)) again")
      }
      guard syntax.take(":") else { throw syntax.error("a colon behind the key \(shown(key))") }
      try syntax.value(depth: depth + 1)
    }
  }

  /// Elements with commas between them, from the opening bracket, which comes next, to the closing one.
  private mutating func list(
    until end: Unicode.Scalar, _ element: (inout Self) throws(JSONSyntaxError) -> Void
  ) throws(JSONSyntaxError) {
    next += 1
    if take(end) { return }
    repeat { try element(&self) } while take(",")
    guard take(end) else { throw error("a comma or \"\(end)\"") }
  }

  /// A text in quotes, the first of which comes next.
  private mutating func string() throws(JSONSyntaxError) -> String {
    let start = next
    next += 1
    var isEscaped = false
    while next < bytes.count, bytes[next] != UInt8(ascii: "\"") {
      guard bytes[next] >= 0x20 else { throw error("a quote or the escape of a control character") }
      if bytes[next] == UInt8(ascii: "\\") {
        isEscaped = true
        next += 1
      }
      next += 1
    }
    guard next < bytes.count else {
      throw JSONSyntaxError(offset: start, expected: "a text in quotes", found: "no closing quote")
    }
    next += 1
    let text = String(validating: bytes[start + 1..<next - 1], as: UTF8.self)
    let decoded = isEscaped ? try? decoder.decode(String.self, from: Data(bytes[start..<next])) : text
    guard text != nil, let decoded else {
      throw JSONSyntaxError(offset: start, expected: "UTF-8 and the escapes of JSON", found: "others")
    }
    return decoded
  }

  /// A number: -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?
  private mutating func number() throws(JSONSyntaxError) {
    skip("-")
    if !skip("0") { try digits() }
    if skip(".") { try digits() }
    if skip("e") || skip("E") {
      if !skip("+") { skip("-") }
      try digits()
    }
  }

  private mutating func digits() throws(JSONSyntaxError) {
    let start = next
    while next < bytes.count, Self.digits.contains(bytes[next]) { next += 1 }
    guard next > start else { throw error("a digit") }
  }

  /// Passes over a character, if it comes next.
  @discardableResult
  private mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard next < bytes.count, bytes[next] == UInt8(ascii: character) else { return false }
    next += 1
    return true
  }

  /// Passes over white space and a character, if this comes next.
  private mutating func take(_ character: Unicode.Scalar) -> Bool { peek() != nil && skip(character) }

  /// The first byte behind white space, which comes next then; nil at the end.
  private mutating func peek() -> UInt8? {
    while next < bytes.count, bytes[next] <= 0x20, Self.space.contains(bytes[next]) { next += 1 }
    return next < bytes.count ? bytes[next] : nil
  }

  private func error(_ expected: String) -> JSONSyntaxError {
    let word = bytes[next...].prefix(16).prefix { $0 > 0x20 }
    let found = word.isEmpty ? bytes[next...].prefix(1) : word
    return JSONSyntaxError(
      offset: next, expected: expected,
      found: found.isEmpty ? "the end" : shown(String(decoding: found, as: UTF8.self)))
  }
}
