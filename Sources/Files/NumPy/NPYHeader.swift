/// What stands before the numbers of a NumPy file: a dictionary as Python writes it, of exactly three entries.
///
///     {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
///
/// Source: numpy.lib.format.
struct NPYHeader {
  let type: NumPyType
  let isFortran: Bool
  let shape: [Int]
  /// Bytes of the file before the numbers.
  let length: Int

  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// The most bytes of a dictionary, many times those that one of plain numbers takes.
  private static let most = 1 << 16

  /// The most dimensions that NumPy's arrays may have.
  private static let mostDimensions = 64

  /// - Parameters:
  ///   - bytes: of a file, from its first on.
  ///   - place: of the array, for messages.
  init(_ bytes: [UInt8], place: String) throws(FileError) {
    guard bytes.starts(with: Self.magic), bytes.count >= 12 else {
      let kind = FileKind(of: bytes)
      throw FileError(
        place, expected: "an array of NumPy's",
        found: bytes.isEmpty ? "an empty file" : kind?.name ?? "\(bytes.count) bytes of something else",
        hint: kind?.hint ?? damageHint)
    }
    let version = bytes[6]
    guard (1...3).contains(version), bytes[7] == 0 else {
      throw FileError(place, expected: "NumPy's format 1.0 to 3.0", found: "\(version).\(bytes[7])")
    }
    let lengthSize = version == 1 ? 2 : 4
    let count = bytes[8..<8 + lengthSize].reversed().reduce(0) { $0 << 8 | Int($1) }
    length = 8 + lengthSize + count
    guard count <= Self.most, length <= bytes.count else {
      throw FileError(
        place, expected: "a header of at most \(min(Self.most, bytes.count - 8 - lengthSize)) bytes",
        found: "\(count)", hint: damageHint)
    }
    let text = String(decoding: bytes[(8 + lengthSize)..<length], as: UTF8.self)
    var literal = PythonLiteral(text, place: place)
    (type, isFortran, shape) = try literal.header()
    guard shape.count <= Self.mostDimensions else {
      throw FileError(
        place, expected: "at most \(Self.mostDimensions) dimensions", found: "\(shape.count)")
    }
  }
}

/// Reads the dictionary of a header.
private struct PythonLiteral {
  private let text: String
  private let place: String
  private var rest: Substring

  init(_ text: String, place: String) {
    (self.text, self.place, rest) = (text, place, text[...])
  }

  private func fault() -> FileError {
    FileError(
      place, expected: "a header of 'descr', 'fortran_order' and 'shape'", found: shown(text),
      hint: damageHint)
  }

  mutating func header() throws(FileError) -> (NumPyType, Bool, [Int]) {
    var (type, isFortran, shape): (NumPyType?, Bool?, [Int]?)
    try take("{")
    while !takes("}") {
      let key = try string()
      try take(":")
      switch key {
      case "descr" where type == nil: type = try self.type()
      case "fortran_order" where isFortran == nil: isFortran = try boolean()
      case "shape" where shape == nil: shape = try tuple()
      default: throw fault()
      }
      guard takes(",") else {
        try take("}")
        break
      }
    }
    guard rest.allSatisfy({ $0 == " " || $0 == "\n" }), let type, let isFortran, let shape else {
      throw fault()
    }
    return (type, isFortran, shape)
  }

  private mutating func skipSpaces() { rest = rest.drop { $0 == " " } }

  private mutating func takes(_ token: String) -> Bool {
    skipSpaces()
    guard rest.hasPrefix(token) else { return false }
    rest.removeFirst(token.count)
    return true
  }

  private mutating func take(_ token: String) throws(FileError) {
    guard takes(token) else { throw fault() }
  }

  private mutating func string() throws(FileError) -> String {
    skipSpaces()
    guard let quote = rest.first, quote == "'" || quote == "\"" else { throw fault() }
    rest.removeFirst()
    guard let end = rest.firstIndex(of: quote) else { throw fault() }
    defer { rest = rest[rest.index(after: end)...] }
    return String(rest[..<end])
  }

  private mutating func type() throws(FileError) -> NumPyType {
    skipSpaces()
    guard rest.first != "[" else {
      throw FileError(
        place, expected: "plain numbers", found: "records of several fields",
        hint: "save each field as an array")
    }
    let text = try string()
    guard let type = NumPyType(text) else {
      throw FileError(place, expected: "a type of numbers such as '|u1'", found: shown(text))
    }
    return type
  }

  private mutating func boolean() throws(FileError) -> Bool {
    if takes("True") { return true }
    try take("False")
    return false
  }

  /// Sizes with commas between them, and one behind a single one. Python 2 writes an L behind some.
  private mutating func tuple() throws(FileError) -> [Int] {
    var sizes: [Int] = []
    try take("(")
    while !takes(")") {
      skipSpaces()
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      guard let size = Int(digits) else { throw fault() }
      rest.removeFirst(digits.count)
      _ = takes("L")
      sizes.append(size)
      guard takes(",") else {
        try take(")")
        // A number in parentheses is no tuple.
        guard sizes.count != 1 else { throw fault() }
        break
      }
    }
    return sizes
  }
}
