/// The bytes of a pickle, read in order. Whatever lengths the pickle claims, nothing is read or allocated that
/// is not there.
struct PickleInput {
  let bytes: [UInt8]
  /// The next byte to be read.
  private(set) var position: Int
  /// The pickle's end at the latest.
  private var end: Int
  /// Where the pickle lies, for messages: the file, and the entry of an archive.
  let place: String

  /// The most bytes that a pickle may have.
  private let largest: Int

  /// The most bytes that one of tensors may have: it lists them, about 100 bytes for each, and does not hold them.
  static let largest = 64 << 20

  /// - Parameter bytes: a pickle, and possibly more behind it.
  init(_ bytes: [UInt8], place: String, largest: Int = largest) {
    self.bytes = bytes
    self.place = place
    self.largest = largest
    position = 0
    end = min(bytes.count, largest)
  }

  /// Another pickle begins where this one has ended.
  mutating func beginAnother() { end = min(bytes.count, position + min(bytes.count, largest)) }

  /// - Parameter offset: the byte that the error is about.
  func error(at offset: Int, expected: String, found: String, hint: String? = nil) -> FileError {
    FileError("\(place), byte \(offset)", expected: expected, found: found, hint: hint)
  }

  mutating func take(_ count: Int, of what: @autoclosure () -> String) throws(FileError) -> ArraySlice<UInt8>
  {
    guard count <= end - position else { throw ended(count, what()) }
    defer { position += count }
    return bytes[position..<position + count]
  }

  mutating func byte(of what: @autoclosure () -> String) throws(FileError) -> UInt8 {
    guard position < end else { throw ended(1, what()) }
    defer { position += 1 }
    return bytes[position]
  }

  /// A little-endian number of 1, 2, 4 or 8 bytes without a sign, as lengths and places in the memo are.
  mutating func number(ofBytes count: Int, of what: @autoclosure () -> String) throws(FileError) -> UInt64 {
    try take(count, of: what()).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Bytes behind their own length, which has `count` bytes.
  mutating func counted(
    by count: Int, of what: @autoclosure () -> String
  ) throws(FileError) -> ArraySlice<UInt8> {
    let length = try number(ofBytes: count, of: what())
    guard length <= UInt64(end - position) else { throw ended(length, what()) }
    return try take(Int(length), of: what())
  }

  /// A text that a new line ends, which is left out.
  mutating func line(of what: @autoclosure () -> String) throws(FileError) -> ArraySlice<UInt8> {
    let limit = min(end, position + 1000)
    guard let newline = bytes[position..<limit].firstIndex(of: UInt8(ascii: "\n")) else {
      throw error(
        at: position, expected: "a new line behind \(what())", found: "none in \(limit - position) bytes")
    }
    defer { position = newline + 1 }
    return bytes[position..<newline]
  }

  private func ended(_ count: some BinaryInteger, _ what: String) -> FileError {
    let rest = end - position
    if end < bytes.count {
      return error(
        at: position, expected: "a pickle of at most \(largest) bytes", found: "a longer one",
        hint: "tensors do not belong into the pickle itself")
    }
    return error(
      at: position, expected: "\(count) bytes of \(what)", found: "\(rest)",
      hint: "the file is truncated or damaged")
  }
}
