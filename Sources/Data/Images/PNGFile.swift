import CPNG
import CZlib

/// PNG images, decoded to gray or RGB bytes; 16 bits are rounded to 8, and transparency is laid over white.
enum PNGFile {
  /// - Parameter path: for messages.
  static func decode(_ bytes: [UInt8], path: String) throws(DataError) -> DecodedImage {
    var size = cpng_size()
    var error = [CChar](repeating: 0, count: Int(CPNG_ERROR_LENGTH))
    guard cpng_read_size(bytes, bytes.count, &size, &error) == 1 else { throw damage(error, path) }
    // Deflate never packs more than 1,032 bytes into one, and a byte holds up to 8 pixels.
    try DecodedImage.checkSize(
      size.width, size.height, fileSize: bytes.count, pixelsPerByte: 8 * 1032, path)
    var pixels = [UInt8](repeating: 0, count: Int(size.height) * Int(size.width) * Int(size.channels))
    guard cpng_decode(bytes, bytes.count, &pixels, pixels.count, &error) == 1 else {
      throw damage(error, path)
    }
    return DecodedImage(
      height: Int(size.height), width: Int(size.width), channels: Int(size.channels), pixels: pixels)
  }

  /// The Exif data, from their TIFF header on; nil where there are none that are whole.
  ///
  /// A file is 8 bytes and chunks: the length of the data in 4 bytes, big-endian, a name of 4 bytes, the data, and
  /// a checksum of name and data in 4 bytes (W3C, *Portable Network Graphics*, 5.3).
  static func exif(in bytes: [UInt8]) -> ArraySlice<UInt8>? {
    func number(at place: Int) -> Int { bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) } }
    var place = 8
    while place + 12 <= bytes.count {
      let end = place + 8 + number(at: place)
      guard end + 4 <= bytes.count else { return nil }
      if bytes[place + 4..<place + 8].elementsEqual("eXIf".utf8) {
        let named = Array(bytes[place + 4..<end])
        let checksum = Int(crc32(0, named, UInt32(named.count)))
        return checksum == number(at: end) ? named.dropFirst(4) : nil
      }
      place = end + 4
    }
    return nil
  }

  private static func damage(_ error: [CChar], _ path: String) -> DataError {
    DataError(path, expected: "a whole PNG image", found: "\"\(text(error))\"")
  }
}

/// A C text, up to its zero.
func text(_ characters: [CChar]) -> String {
  String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
