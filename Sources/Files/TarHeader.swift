/// The block before a file of a tar archive. Numbers are octal digits, or, where these do not suffice, bytes behind
/// one of 128 (GNU).
///
///     name 0..<100, size 124..<136, checksum 148..<156, type 156, "ustar" 257..<263, prefix 345..<500
struct TarHeader {
  let name: Path
  /// Such as the letter 0 for a regular file.
  let type: UInt8
  /// Nil where it is no number.
  private let size: Int?

  /// Nil where the checksum is not that of the bytes.
  init?(_ bytes: [UInt8]) {
    precondition(bytes.count == 512, "a header of \(bytes.count) bytes")
    // Of all bytes, with spaces for the checksum's own; some old programs added bytes with their signs.
    let checksum = 148..<156
    let others = bytes.indices.filter { !checksum.contains($0) }
    let sum = others.reduce(8 * 32) { $0 + Int(bytes[$1]) }
    let signed = others.reduce(8 * 32) { $0 + Int(Int8(bitPattern: bytes[$1])) }
    guard let expected = Self.number(bytes[checksum]), expected == sum || expected == signed else {
      return nil
    }
    func text(_ range: Range<Int>) -> ArraySlice<UInt8> { bytes[range].prefix { $0 != 0 } }
    // GNU's headers have other things where ustar's have the prefix.
    let isUstar = bytes[257..<263].elementsEqual(Array("ustar".utf8) + [0])
    let prefix = isUstar ? text(345..<500) : []
    name = Path(bytes: prefix.isEmpty ? Array(text(0..<100)) : prefix + [UInt8(ascii: "/")] + text(0..<100))
    type = bytes[156]
    size = Self.number(bytes[124..<136])
  }

  /// - Parameters:
  ///   - name: the entry's, for messages.
  ///   - path: the archive's.
  func checkedSize(_ name: Path, in path: String) throws(FileError) -> Int {
    guard let size, size >= 0 else {
      throw FileError(
        path, expected: "a size of \(shown(name.text))", found: "no number", hint: damageHint)
    }
    return size
  }

  /// Nil where it is none, or does not fit.
  private static func number(_ field: ArraySlice<UInt8>) -> Int? {
    if let first = field.first, first & 0x80 != 0 {
      guard first == 0x80 else { return nil }
      var number = 0
      for byte in field.dropFirst() {
        let (high, overflow) = number.multipliedReportingOverflow(by: 256)
        guard !overflow else { return nil }
        number = high + Int(byte)
      }
      return number
    }
    let isEnd: (UInt8) -> Bool = { $0 == 0 || $0 == UInt8(ascii: " ") }
    let digits = field.drop { $0 == UInt8(ascii: " ") }.prefix { !isEnd($0) }
    guard !digits.isEmpty, field[digits.endIndex...].allSatisfy(isEnd) else { return nil }
    var number = 0
    for digit in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit) else { return nil }
      number = number << 3 | Int(digit - UInt8(ascii: "0"))
    }
    return number
  }
}

/// The records of an extended header, each its own length in decimal, a space, a name, `=`, a value, and a new line.
struct PaxRecords {
  private var values: [String: ArraySlice<UInt8>] = [:]

  /// - Parameter place: of the header, for messages.
  init(_ bytes: [UInt8], _ place: String) throws(FileError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let digits = rest.prefix { $0 != UInt8(ascii: " ") }
      guard digits.count < 10, let length = Int(String(decoding: digits, as: UTF8.self)),
        length > digits.count + 1, length <= rest.count,
        case let record = rest.prefix(length).dropFirst(digits.count + 1), record.last == UInt8(ascii: "\n"),
        let equals = record.firstIndex(of: UInt8(ascii: "="))
      else {
        throw FileError(
          place, expected: "records such as \"11 path=abc\"",
          found: shown(String(decoding: rest.prefix(40), as: UTF8.self)), hint: damageHint)
      }
      values[String(decoding: record[..<equals], as: UTF8.self)] = record[(equals + 1)...].dropLast()
      rest = rest.dropFirst(length)
    }
  }

  subscript(name: String) -> ArraySlice<UInt8>? { values[name] }
}
