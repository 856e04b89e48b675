/// A text of records and fields: a line each, and between them a separator that the text itself tells: tabs, commas or
/// semicolons.
///
/// A field in double quotes may have separators, new lines and, written twice, double quotes in it. Spaces around
/// fields and empty lines are left out, and a byte order mark is passed over. Source: RFC 4180.
package struct DelimitedText {
  package struct Record: Equatable {
    /// The line that it begins in, from 1.
    package let line: Int
    package let fields: [[UInt8]]
  }

  /// All with the same number of fields.
  package let records: [Record]

  /// - Parameter path: for messages.
  package init(bytes: [UInt8], path: String) throws(FileError) {
    let start = bytes.starts(with: Self.byteOrderMark) ? Self.byteOrderMark.count : 0
    if let zero = bytes.firstIndex(of: 0) {
      let kind = FileKind(of: bytes)
      throw FileError(
        path, expected: "a text", found: kind?.name ?? "a zero at byte \(zero)", hint: kind?.hint)
    }
    let separator = Self.separator(of: bytes, from: start)
    var reader = Reader(bytes, from: start, separator, path: path)
    var records: [Record] = []
    while let record = try reader.next() {
      let count = records.first?.fields.count ?? record.fields.count
      guard record.fields.count == count else {
        throw FileError(
          "\(path), line \(record.line)",
          expected: "\(count) field\(count == 1 ? "" : "s"), as line \(records[0].line) has",
          found: "\(record.fields.count)", hint: "put fields with a separator in them into double quotes")
      }
      records.append(record)
    }
    self.records = records
  }

  /// The first records of a text, as many of them as are right.
  package static func first(_ count: Int, of bytes: [UInt8]) -> [Record] {
    guard !bytes.contains(0) else { return [] }
    let start = bytes.starts(with: byteOrderMark) ? byteOrderMark.count : 0
    var reader = Reader(bytes, from: start, separator(of: bytes, from: start), path: "")
    var records: [Record] = []
    while records.count < count, let record = try? reader.next() { records.append(record) }
    return records
  }

  private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

  private static let separators = "\t,;".utf8

  /// The separator that divides each of the first lines into as many fields, at least two; else the first that divides
  /// the first one.
  private static func separator(of bytes: [UInt8], from start: Int) -> UInt8 {
    var divides: UInt8?
    for separator in separators {
      var reader = Reader(bytes, from: start, separator, path: "")
      var counts: [Int] = []
      while counts.count < 10, let record = try? reader.next() { counts.append(record.fields.count) }
      guard let first = counts.first, first > 1 else { continue }
      if counts.allSatisfy({ $0 == first }) { return separator }
      divides = divides ?? separator
    }
    return divides ?? separators.first!
  }
}

/// Reads one record after the other.
private struct Reader {
  private let bytes: [UInt8]
  private let separator: UInt8
  private let path: String
  private var place: Int
  private var line = 1

  init(_ bytes: [UInt8], from start: Int, _ separator: UInt8, path: String) {
    (self.bytes, self.separator, self.path, place) = (bytes, separator, path, start)
  }

  private static let (quote, space) = (UInt8(ascii: "\""), UInt8(ascii: " "))
  private static let (newline, carriageReturn) = (UInt8(ascii: "\n"), UInt8(ascii: "\r"))

  /// Nil at the end.
  mutating func next() throws(FileError) -> DelimitedText.Record? {
    while place < bytes.count {
      let first = line
      var fields = [try field()]
      while place < bytes.count, bytes[place] == separator {
        place += 1
        fields.append(try field())
      }
      endLine()
      if fields != [[]] { return DelimitedText.Record(line: first, fields: fields) }
    }
    return nil
  }

  private var isAtEnd: Bool {
    place == bytes.count || [separator, Self.newline, Self.carriageReturn].contains(bytes[place])
  }

  /// A field, up to its separator or the line's end.
  private mutating func field() throws(FileError) -> [UInt8] {
    skipSpaces()
    guard place < bytes.count, bytes[place] == Self.quote else {
      let start = place
      while !isAtEnd { place += 1 }
      let end = bytes[start..<place].lastIndex { $0 != Self.space }
      return end.map { Array(bytes[start...$0]) } ?? []
    }
    let field = try quoted()
    skipSpaces()
    guard isAtEnd else {
      throw FileError(
        "\(path), line \(line)", expected: "the end of the field behind a closing double quote",
        found: shown(String(decoding: bytes[place...].prefix(8), as: UTF8.self)),
        hint: "double quotes in a quoted field are written twice")
    }
    return field
  }

  private mutating func skipSpaces() {
    while place < bytes.count, bytes[place] == Self.space { place += 1 }
  }

  private mutating func quoted() throws(FileError) -> [UInt8] {
    let first = line
    var field: [UInt8] = []
    place += 1
    while place < bytes.count {
      let byte = bytes[place]
      if byte == Self.quote {
        place += 1
        guard place < bytes.count, bytes[place] == Self.quote else { return field }
      } else if isNewline(byte) {
        line += 1
      }
      field.append(byte)
      place += 1
    }
    throw FileError(
      "\(path), line \(first)", expected: "a closing double quote", found: "the end of the file")
  }

  /// Of the bytes of a line's end the last one: a carriage return and a new line are one end.
  private func isNewline(_ byte: UInt8) -> Bool {
    byte == Self.newline
      || byte == Self.carriageReturn && (place + 1 == bytes.count || bytes[place + 1] != Self.newline)
  }

  private mutating func endLine() {
    guard place < bytes.count else { return }
    if bytes[place] == Self.carriageReturn, place + 1 < bytes.count, bytes[place + 1] == Self.newline {
      place += 1
    }
    place += 1
    line += 1
  }
}
