import Files
import Foundation

/// Image files, told apart by their first bytes.
package enum ImageFile {
  package static func read(_ path: String) throws -> DecodedImage {
    try decode(try readFile(path, as: "a readable image"), path: path)
  }

  /// - Parameter path: for messages.
  package static func decode(_ bytes: [UInt8], path: String) throws(DataError) -> DecodedImage {
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) { return try PNGFile.decode(bytes, path: path) }
    if bytes.starts(with: [0xFF, 0xD8]) { return try JPEGFile.decode(bytes, path: path) }
    throw DataError(
      path, expected: "a PNG or JPEG image",
      found: bytes.isEmpty ? "an empty file" : "a file that begins with \(Array(bytes.prefix(4)))")
  }

  /// The PNG and JPEG files in a directory and those below it, by their names' endings, sorted.
  package static func list(in directory: String) -> [String] {
    let files = FileManager.default.enumerator(atPath: directory)
    let names = files?.compactMap { $0 as? String } ?? []
    return names.filter { name in [".png", ".jpg", ".jpeg"].contains { name.lowercased().hasSuffix($0) } }
      .sorted().map { directory + (directory.hasSuffix("/") ? "" : "/") + $0 }
  }
}
