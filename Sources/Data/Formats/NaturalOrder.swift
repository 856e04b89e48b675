import Files

extension [Path] {
  /// In the order of people, who put chunk2 before chunk10: numbers in names by their values, all else by its bytes.
  package func naturallySorted() -> [Path] {
    map { ($0, NaturalKey($0.bytes)) }.sorted { $0.1 < $1.1 }.map(\.0)
  }
}

/// A name as bytes and numbers.
private struct NaturalKey: Comparable {
  private let pieces: [Piece]
  private let bytes: [UInt8]

  private enum Piece: Equatable {
    case byte(UInt8)
    /// The digits of a number without zeros before them.
    case number(ArraySlice<UInt8>)
  }

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    var (pieces, place): ([Piece], Int) = ([], 0)
    while place < bytes.count {
      let digits = bytes[place...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      pieces.append(digits.isEmpty ? .byte(bytes[place]) : .number(digits.drop { $0 == UInt8(ascii: "0") }))
      place += Swift.max(digits.count, 1)
    }
    self.pieces = pieces
  }

  static func < (a: NaturalKey, b: NaturalKey) -> Bool {
    for (one, other) in zip(a.pieces, b.pieces) where one != other {
      switch (one, other) {
      case (.byte(let one), .byte(let other)): return one < other
      case (.number(let one), .number(let other)):
        return one.count != other.count ? one.count < other.count : one.lexicographicallyPrecedes(other)
      // Digits are before letters.
      case (.number, .byte(let other)): return UInt8(ascii: "0") < other
      case (.byte(let one), .number): return one < UInt8(ascii: "0")
      }
    }
    // Of names that differ in zeros before numbers only, the bytes decide.
    return a.pieces.count != b.pieces.count
      ? a.pieces.count < b.pieces.count : a.bytes.lexicographicallyPrecedes(b.bytes)
  }
}
