/// The segments of a JPEG file in their order (ITU-T T.81, B.1): a marker, which is 0xFF and a code, mostly with a
/// body behind it. Ends where the file ends or a length is wrong.
struct JPEGMarkers: Sequence, IteratorProtocol {
  struct Segment {
    /// The marker's second byte.
    let code: UInt8
    /// The bytes before the marker that belong to no segment; behind the start of a scan these are its data.
    let skipped: Range<Int>
    /// What is behind the length; empty for markers without.
    let body: Range<Int>
  }

  static let (startOfImage, endOfImage, startOfScan): (UInt8, UInt8, UInt8) = (0xD8, 0xD9, 0xDA)

  private let bytes: [UInt8]
  private var place = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func next() -> Segment? {
    let start = place
    while place + 1 < bytes.count, bytes[place] != 0xFF || bytes[place + 1] == 0 || bytes[place + 1] == 0xFF {
      place += 1
    }
    guard place + 1 < bytes.count else { return nil }
    let code = bytes[place + 1]
    let skipped = start..<place
    place += 2
    guard Self.hasBody(code) else { return Segment(code: code, skipped: skipped, body: place..<place) }
    guard place + 1 < bytes.count, case let length = Int(bytes[place]) << 8 | Int(bytes[place + 1]),
      length >= 2, place + length <= bytes.count
    else { return nil }
    let body = place + 2..<place + length
    place += length
    return Segment(code: code, skipped: skipped, body: body)
  }

  /// All have one but restarts, start, end and 0x01.
  private static func hasBody(_ code: UInt8) -> Bool { !(0xD0...0xD9).contains(code) && code != 0x01 }
}

extension JPEGFile {
  /// The Exif data, from their TIFF header on; nil where there are none.
  static func exif(in bytes: [UInt8]) -> ArraySlice<UInt8>? {
    let name = Array("Exif\0\0".utf8)
    for segment in header(of: bytes) where segment.code == 0xE1 && bytes[segment.body].starts(with: name) {
      return bytes[segment.body].dropFirst(name.count)
    }
    return nil
  }

  /// The end marker is there. Without it the file is truncated.
  static func isEnded(_ bytes: [UInt8]) -> Bool {
    JPEGMarkers(bytes).contains { $0.code == JPEGMarkers.endOfImage }
  }

  /// A file of the same pixels, without what decoders warn of in the headers of whole files. TurboJPEG tells of its
  /// first warning only, behind which others, of damage, would be hidden.
  ///
  /// Such are bytes between segments, a version of JFIF other than 1, and a number of Adobe's for the color transform
  /// that is none of its, which decoders take for the usual transform.
  static func withoutOddities(_ bytes: [UInt8]) -> [UInt8] {
    var (bytes, junk, transform, components) = (bytes, [Range<Int>](), Int?.none, 3)
    for segment in header(of: bytes) {
      let body = bytes[segment.body]
      junk.append(segment.skipped)
      switch segment.code {
      case 0xE0 where body.count >= 14 && body.starts(with: Array("JFIF\0".utf8)):
        if body[body.startIndex + 5] != 1 { bytes[body.startIndex + 5] = 1 }
      case 0xEE where body.count >= 12 && body.starts(with: Array("Adobe".utf8)):
        transform = body.startIndex + 11
      case 0xC0...0xCF where ![0xC4, 0xC8, 0xCC].contains(segment.code) && body.count >= 6:
        components = Int(body[body.startIndex + 5])
      default: break
      }
    }
    let usual: UInt8 = components == 4 ? 2 : 1
    if let transform, ![0, usual].contains(bytes[transform]) { bytes[transform] = usual }
    for range in junk.reversed() where !range.isEmpty { bytes.removeSubrange(range) }
    return bytes
  }

  /// The segments up to the first scan.
  private static func header(of bytes: [UInt8]) -> [JPEGMarkers.Segment] {
    var (segments, markers): ([JPEGMarkers.Segment], _) = ([], JPEGMarkers(bytes))
    while let segment = markers.next() {
      segments.append(segment)
      if segment.code == JPEGMarkers.startOfScan { break }
    }
    return segments
  }
}
