import Files

/// Which way up the image of a file is taken.
package enum ImageOrientation: String, CaseIterable, Sendable {
  /// The image is turned as the file's Exif data tell, where there are any: as it is seen.
  case exif
  /// The image is taken as its pixels are stored.
  case stored
}

/// Image files, told apart by their first bytes.
package enum ImageFile {
  /// Reads an image in its own size.
  ///
  /// - Throws: `FileError` or `DataError` when the file cannot be read, or is no whole image.
  package static func read(_ path: Path, _ orientation: ImageOrientation = .exif) throws -> DecodedImage {
    try decode(try readFile(path.text, as: "a readable image"), orientation, path: path.text)
  }

  /// - Parameters:
  ///   - path: for messages.
  ///   - scale: by what factor the image may be smaller, see `DecodingScale`; it is told the upright height and width.
  package static func decode(
    _ bytes: [UInt8], _ orientation: ImageOrientation = .exif, path: String,
    scale: DecodingScale.Choice = { _, _ in 1 }
  ) throws(DataError) -> DecodedImage {
    switch bytes.prefix(2) {
    case [0x89, 0x50]:
      let image = try PNGFile.decode(bytes, path: path)
      return image.upright(from: Self.orientation(orientation, PNGFile.exif(in: bytes)))
    case [0xFF, 0xD8]:
      let stored = Self.orientation(orientation, JPEGFile.exif(in: bytes))
      let image = try JPEGFile.decode(bytes, path: path) { height, width in
        stored.exchangesSides ? scale(width, height) : scale(height, width)
      }
      return image.upright(from: stored)
    default: throw noImage(bytes, path)
    }
  }

  private static func orientation(
    _ wanted: ImageOrientation, _ exif: ArraySlice<UInt8>?
  ) -> EXIFOrientation {
    guard wanted == .exif, let exif else { return .upright }
    return EXIFOrientation(exif: exif)
  }

  private static func noImage(_ bytes: [UInt8], _ path: String) -> DataError {
    let kind = FileKind(of: bytes)
    let convert = kind.flatMap { $0.name.hasSuffix("image") ? "convert it to one of these" : nil }
    return DataError(
      path, expected: "a PNG or JPEG image",
      found: bytes.isEmpty
        ? "an empty file" : kind?.name ?? "a file that begins with \(Array(bytes.prefix(4)))",
      hint: kind?.hint ?? convert)
  }

  /// What the names of image files end with, in small letters.
  package static let endings = [".png", ".jpg", ".jpeg", ".jpe", ".jfif"]

  /// The PNG and JPEG files in a directory and those below it, by their names' endings in small or capital letters.
  package static func list(in directory: Path) -> FileTree {
    FileTree(directory) { path in
      let end = String(decoding: path.bytes.suffix(5), as: UTF8.self).lowercased()
      return endings.contains { end.hasSuffix($0) }
    }
  }
}
