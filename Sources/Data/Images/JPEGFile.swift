import CTurboJPEG

/// JPEG images, baseline and progressive, decoded to gray or RGB bytes.
enum JPEGFile {
  /// - Parameters:
  ///   - path: for messages.
  ///   - scale: by what factor the image may be smaller.
  static func decode(
    _ bytes: [UInt8], path: String, scale: DecodingScale.Choice = { _, _ in 1 }
  ) throws(DataError) -> DecodedImage {
    let bytes = withoutOddities(bytes)
    guard let decoder = JPEGDecoder() else {
      throw DataError(path, expected: "memory for a JPEG decoder", found: "none")
    }
    guard var header = decoder.header(of: bytes) else { throw damage(decoder.message, path) }
    // By Huffman codes, which all but exotic files use, a bit holds at most a block of 8x8 pixels; there may
    // be several blocks of colors for it.
    try DecodedImage.checkSize(
      UInt32(header.width), UInt32(header.height), fileSize: bytes.count, pixelsPerByte: 8 * 64, path)
    let scale = DecodingScale(
      height: header.height, width: header.width, factor: scale(header.height, header.width))
    header.height = scale.pixels(of: 0..<header.height).count
    header.width = scale.pixels(of: 0..<header.width).count
    var pixels = [UInt8](repeating: 0, count: header.height * header.width * header.format.channels)
    guard decoder.decode(bytes, header, to: &pixels) || (decoder.hasHarmlessWarning && isEnded(bytes)) else {
      throw damage(decoder.message, path)
    }
    return DecodedImage(
      height: header.height, width: header.width,
      channels: header.format == .gray ? 1 : 3, pixels: header.format == .cmyk ? rgb(ofCMYK: pixels) : pixels,
      scale)
  }

  private static func damage(_ message: String, _ path: String) -> DataError {
    DataError(path, expected: "a whole JPEG image in gray or color", found: "\"\(message)\"")
  }

  /// Cyan, magenta, yellow and black as Adobe's programs write them, 255 for no ink, laid over each other on white
  /// paper: a color is black * (1 - ink), with Pillow's rounding.
  private static func rgb(ofCMYK pixels: [UInt8]) -> [UInt8] {
    var rgb = [UInt8](repeating: 0, count: pixels.count / 4 * 3)
    for pixel in 0..<pixels.count / 4 {
      let black = Int(pixels[4 * pixel + 3])
      for color in 0..<3 {
        let ink = (255 - Int(pixels[4 * pixel + color])) * black + 128
        rgb[3 * pixel + color] = UInt8(max(black - (ink >> 8 + ink) >> 8, 0))
      }
    }
    return rgb
  }
}

/// A decoder of TurboJPEG.
private struct JPEGDecoder: ~Copyable {
  /// The pixels that a decoder is to make.
  enum Format {
    case gray, rgb, cmyk

    var channels: Int {
      switch self {
      case .gray: 1
      case .rgb: 3
      case .cmyk: 4
      }
    }

    var code: Int32 {
      switch self {
      case .gray: Int32(TJPF_GRAY.rawValue)
      case .rgb: Int32(TJPF_RGB.rawValue)
      case .cmyk: Int32(TJPF_CMYK.rawValue)
      }
    }
  }

  struct Header {
    var width: Int
    var height: Int
    let format: Format
  }

  private let handle: tjhandle

  /// Makes a decoder, or nil when there is no memory.
  init?() {
    guard let handle = tjInitDecompress() else { return nil }
    self.handle = handle
  }

  deinit { tjDestroy(handle) }

  /// The image's size and colors; nil when the header is damaged, see `message`.
  func header(of bytes: [UInt8]) -> Header? {
    var (width, height, subsampling, colors) = (Int32(0), Int32(0), Int32(-1), Int32(-1))
    // It fails, too, for a subsampling without a name, when it has understood all the rest and can decode it.
    tjDecompressHeader3(handle, bytes, UInt(bytes.count), &width, &height, &subsampling, &colors)
    guard width > 0, height > 0, colors >= 0 else { return nil }
    let format: Format =
      switch TJCS(UInt32(colors)) {
      case TJCS_GRAY: .gray
      case TJCS_CMYK, TJCS_YCCK: .cmyk
      default: .rgb
      }
    return Header(width: Int(width), height: Int(height), format: format)
  }

  /// Decodes to `pixels`, (height, width, channels): in the file's own size, or a half, quarter or eighth of it, rounded
  /// up.
  ///
  /// - Returns: false after errors and warnings, see `message`: damaged and truncated data are warnings.
  func decode(_ bytes: [UInt8], _ header: Header, to pixels: inout [UInt8]) -> Bool {
    // A few bytes of an empty scan cost as much time as a whole image: scans are limited to 500.
    tjDecompress2(
      handle, bytes, UInt(bytes.count), &pixels, Int32(header.width), 0, Int32(header.height),
      header.format.code, TJFLAG_LIMITSCANS) == 0
  }

  /// The last error, or the first warning.
  var message: String { String(cString: tjGetErrorStr2(handle)) }

  /// The image was decoded whole, and its first warning is one that whole images of some cameras and editors give.
  var hasHarmlessWarning: Bool {
    tjGetErrorCode(handle) == TJERR_WARNING.rawValue && message.contains("extraneous bytes before marker")
  }
}
