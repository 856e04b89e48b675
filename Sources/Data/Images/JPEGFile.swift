import CJPEG

/// JPEG images, baseline and progressive, decoded to gray or RGB bytes.
enum JPEGFile {
  /// - Parameter path: for messages.
  static func decode(_ bytes: [UInt8], path: String) throws(DataError) -> DecodedImage {
    var size = cjpeg_size()
    var error = [CChar](repeating: 0, count: Int(CJPEG_ERROR_LENGTH))
    guard cjpeg_read_size(bytes, bytes.count, &size, &error) == 1 else { throw damage(error, path) }
    // By Huffman codes, which all but exotic files use, a bit holds at most a block of 8x8 pixels; there may
    // be several blocks of colors for it.
    try DecodedImage.checkSize(
      size.width, size.height, fileSize: bytes.count, pixelsPerByte: 8 * 64, path)
    var pixels = [UInt8](repeating: 0, count: Int(size.height) * Int(size.width) * Int(size.channels))
    guard cjpeg_decode(bytes, bytes.count, &pixels, pixels.count, &error) == 1 else {
      throw damage(error, path)
    }
    return DecodedImage(
      height: Int(size.height), width: Int(size.width), channels: Int(size.channels), pixels: pixels)
  }

  private static func damage(_ error: [CChar], _ path: String) -> DataError {
    DataError(path, expected: "a whole JPEG image in gray or color", found: "\"\(text(error))\"")
  }
}
