/// How an image is stored, as cameras tell in Exif (CIPA DC-008, *Orientation*), by the number there.
enum EXIFOrientation: UInt32, CaseIterable {
  /// The image is stored as it is seen.
  case upright = 1
  case mirrored
  case turnedByHalf
  case upsideDown
  case transposed
  /// It is upright when it is turned clockwise.
  case turnedLeft
  case transversed
  /// It is upright when it is turned counterclockwise.
  case turnedRight

  private static let tag: UInt32 = 0x0112

  /// Height and width are those of the stored image the other way round.
  var exchangesSides: Bool { rawValue >= Self.transposed.rawValue }

  /// Reads Exif data; upright where they are damaged or say nothing.
  ///
  /// - Parameter exif: from the TIFF header on: byte order, 42, and the place of the first directory, which is a
  ///   number of entries and the entries of 12 bytes: tag, type, count and value.
  init(exif: ArraySlice<UInt8>) {
    self = .upright
    guard let reader = TIFFReader(exif), reader.number(at: 2, 2) == 42,
      let directory = reader.number(at: 4, 4),
      let count = reader.number(at: Int(directory), 2)
    else { return }
    for index in 0..<Int(count) {
      let entry = Int(directory) + 2 + 12 * index
      guard let tag = reader.number(at: entry, 2) else { return }
      guard tag == Self.tag else { continue }
      let sizes: [UInt32: Int] = [1: 1, 3: 2, 4: 4]
      guard let size = reader.number(at: entry + 2, 2).flatMap({ sizes[$0] }),
        reader.number(at: entry + 4, 4) == 1, let value = reader.number(at: entry + 8, size)
      else { return }
      self = EXIFOrientation(rawValue: value) ?? .upright
      return
    }
  }
}

/// Numbers in data that begin with `II`, little-endian, or `MM`, big-endian.
private struct TIFFReader {
  private let bytes: ArraySlice<UInt8>
  private let isLittleEndian: Bool

  init?(_ bytes: ArraySlice<UInt8>) {
    isLittleEndian = bytes.starts(with: Array("II".utf8))
    guard isLittleEndian || bytes.starts(with: Array("MM".utf8)) else { return nil }
    self.bytes = bytes
  }

  /// The number of `size` bytes that begins `place` bytes behind the start; nil beyond the end.
  func number(at place: Int, _ size: Int) -> UInt32? {
    guard place + size <= bytes.count else { return nil }
    let digits = bytes.dropFirst(place).prefix(size)
    return (isLittleEndian ? Array(digits.reversed()) : Array(digits)).reduce(0) { $0 << 8 | UInt32($1) }
  }
}
