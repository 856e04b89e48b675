/// A JSON document (RFC 8259), read strictly: what Foundation lets pass, such as a key that occurs twice, is
/// an error here. Objects keep the order of their keys.
package enum JSONValue: Equatable, Sendable {
  case object([(key: String, value: JSONValue)])
  case array([JSONValue])
  case string(String)
  /// A number without fraction or exponent that fits.
  case integer(Int)
  case number(Double)
  case boolean(Bool)
  case null

  /// Reads a whole document.
  package init(_ bytes: ArraySlice<UInt8>) throws(JSONSyntaxError) {
    var reader = JSONReader(bytes)
    self = try reader.document()
  }

  package static func == (a: Self, b: Self) -> Bool {
    switch (a, b) {
    case (.object(let a), .object(let b)): a.elementsEqual(b) { $0.key == $1.key && $0.value == $1.value }
    case (.array(let a), .array(let b)): a == b
    case (.string(let a), .string(let b)): a == b
    case (.integer(let a), .integer(let b)): a == b
    case (.number(let a), .number(let b)): a == b
    case (.boolean(let a), .boolean(let b)): a == b
    case (.null, .null): true
    default: false
    }
  }

  /// What it is, for messages.
  package var kind: String {
    switch self {
    case .object: "an object"
    case .array: "an array"
    case .string(let text): "\"\(text)\""
    case .integer(let number): "\(number)"
    case .number(let number): "\(number)"
    case .boolean(let value): "\(value)"
    case .null: "null"
    }
  }
}

/// Where a text is no JSON, and why.
package struct JSONSyntaxError: Error, CustomStringConvertible {
  /// Byte of the document.
  let position: Int
  let problem: String

  package var description: String { "\(problem) at byte \(position)" }
}

/// Reads a document from start to end.
private struct JSONReader {
  private let bytes: ArraySlice<UInt8>
  private var position: Int
  /// Deeper nesting is refused before it exhausts the stack.
  private static let deepest = 64

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  mutating func document() throws(JSONSyntaxError) -> JSONValue {
    let value = try value(depth: 0)
    skipSpace()
    guard position == bytes.endIndex else { throw error("more behind the end of the document") }
    return value
  }

  private func error(_ problem: String) -> JSONSyntaxError {
    JSONSyntaxError(position: position - bytes.startIndex, problem: problem)
  }

  private var next: UInt8? { position < bytes.endIndex ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  /// Goes past `byte` if it is next, after space.
  private mutating func take(_ byte: Unicode.Scalar) -> Bool {
    skipSpace()
    guard next == UInt8(ascii: byte) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ byte: Unicode.Scalar) throws(JSONSyntaxError) {
    guard take(byte) else { throw error("no \"\(byte)\"") }
  }

  private mutating func value(depth: Int) throws(JSONSyntaxError) -> JSONValue {
    guard depth < Self.deepest else { throw error("nesting deeper than \(Self.deepest)") }
    skipSpace()
    switch next {
    case UInt8(ascii: "{"): return .object(try object(depth: depth))
    case UInt8(ascii: "["): return .array(try array(depth: depth))
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .boolean(true))
    case UInt8(ascii: "f"): return try word("false", .boolean(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  private mutating func object(depth: Int) throws(JSONSyntaxError) -> [(key: String, value: JSONValue)] {
    var (members, keys): ([(key: String, value: JSONValue)], Set<String>) = ([], [])
    try expect("{")
    if take("}") { return members }
    repeat {
      skipSpace()
      let key = try string()
      guard keys.insert(key).inserted else { throw error("key \"\(key)\" for the second time") }
      try expect(":")
      members.append((key, try value(depth: depth + 1)))
    } while take(",")
    try expect("}")
    return members
  }

  private mutating func array(depth: Int) throws(JSONSyntaxError) -> [JSONValue] {
    var values: [JSONValue] = []
    try expect("[")
    if take("]") { return values }
    repeat { values.append(try value(depth: depth + 1)) } while take(",")
    try expect("]")
    return values
  }

  private mutating func word(_ text: String, _ value: JSONValue) throws(JSONSyntaxError) -> JSONValue {
    guard bytes[position...].starts(with: text.utf8) else { throw error("no value") }
    position += text.utf8.count
    return value
  }

  private mutating func number() throws(JSONSyntaxError) -> JSONValue {
    let start = position
    while let byte = next, "+-.eE0123456789".utf8.contains(byte) { position += 1 }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    let digits = text.drop { $0 == "-" }
    let isWellFormed =
      !text.hasPrefix("--") && digits.first?.isNumber == true && digits.last?.isNumber == true
      && (digits.first != "0" || digits.dropFirst().first?.isNumber != true)
    if isWellFormed, let integer = Int(text) { return .integer(integer) }
    guard isWellFormed, let number = Double(text), number.isFinite else {
      position = start
      throw error("no value")
    }
    return .number(number)
  }

  private mutating func string() throws(JSONSyntaxError) -> String {
    try expect("\"")
    var text: [UInt8] = []
    while let byte = next, byte != UInt8(ascii: "\"") {
      guard byte >= 0x20 else { throw error("a control character in a string") }
      position += 1
      if byte == UInt8(ascii: "\\") {
        text += try escaped()
      } else {
        text.append(byte)
      }
    }
    guard take("\"") else { throw error("a string without end") }
    guard let string = String(validating: text, as: UTF8.self) else { throw error("no UTF-8") }
    return string
  }

  /// What stands behind a backslash, as UTF-8.
  private mutating func escaped() throws(JSONSyntaxError) -> [UInt8] {
    guard let byte = next else { throw error("a string without end") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"):
      var units = [try codeUnit()]
      if UTF16.isLeadSurrogate(units[0]) {
        guard bytes[position...].starts(with: [0x5C, 0x75]) else { throw error("half a surrogate pair") }
        position += 2
        units.append(try codeUnit())
      }
      guard let character = String(validating: units, as: UTF16.self) else {
        throw error("half a surrogate pair")
      }
      return Array(character.utf8)
    default: throw error("an unknown escape")
    }
  }

  /// Four hexadecimal digits.
  private mutating func codeUnit() throws(JSONSyntaxError) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
        throw error("no four hexadecimal digits")
      }
      unit = unit << 4 | UInt16(digit)
      position += 1
    }
    return unit
  }
}

/// A text as a JSON string, with its quotes.
package func jsonString(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": result += "\\\""
    case "\\": result += "\\\\"
    case "\n": result += "\\n"
    case ..<" ":
      let code = String(scalar.value, radix: 16)
      result += "\\u" + String(repeating: "0", count: 4 - code.count) + code
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}
