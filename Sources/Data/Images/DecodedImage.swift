import Tensors

/// An image as bytes: (H, W, C), of 1 channel (gray) or 3 (RGB).
package struct DecodedImage: Equatable, Sendable {
  package let shape: Shape
  package let pixels: [UInt8]
  /// How it was made smaller when it was decoded.
  package let scale: DecodingScale

  package init(shape: Shape, pixels: [UInt8]) {
    self.init(shape: shape, pixels: pixels, DecodingScale(height: shape.height, width: shape.width))
  }

  init(shape: Shape, pixels: [UInt8], _ scale: DecodingScale) {
    precondition(
      pixels.count == shape.count && (shape.channels == 1 || shape.channels == 3),
      "\(pixels.count) bytes, shape \(shape)")
    self.shape = shape
    self.pixels = pixels
    self.scale = scale
  }

  /// Takes pixels of 1 to 4 channels, of which the last of 2 or 4 is the opacity: these are laid over white, as on
  /// paper.
  init(height: Int, width: Int, channels: Int, pixels: [UInt8], _ scale: DecodingScale? = nil) {
    let scale = scale ?? DecodingScale(height: height, width: width)
    guard channels == 2 || channels == 4 else {
      self.init(shape: Shape(height, width, channels), pixels: pixels, scale)
      return
    }
    let colors = channels - 1
    var opaque = [UInt8](repeating: 0, count: height * width * colors)
    for pixel in 0..<height * width {
      let alpha = Int(pixels[pixel * channels + colors])
      for color in 0..<colors {
        let over = Int(pixels[pixel * channels + color]) * alpha + 255 * (255 - alpha)
        opaque[pixel * colors + color] = UInt8((over + 127) / 255)
      }
    }
    self.init(shape: Shape(height, width, colors), pixels: opaque, scale)
  }

  /// The most pixels that an image may have: 128 Mi, some 16,000 x 8,000.
  static let pixelLimit = 1 << 27

  /// Checks what a header says before memory is taken.
  ///
  /// - Parameter pixelsPerByte: the most pixels that a byte of the file can hold.
  static func checkSize(
    _ width: UInt32, _ height: UInt32, fileSize: Int, pixelsPerByte: Int, _ path: String
  ) throws(DataError) {
    let (pixels, overflow) = Int(width).multipliedReportingOverflow(by: Int(height))
    guard !overflow, pixels > 0, pixels <= pixelLimit else {
      throw DataError(path, expected: "an image of 1 to \(pixelLimit) pixels", found: "\(width)x\(height)")
    }
    guard pixels / pixelsPerByte <= fileSize else {
      throw DataError(
        path, expected: "\(width)x\(height) pixels, as its header says",
        found: "only \(fileSize) bytes", hint: "the file is truncated or damaged")
    }
  }
}

extension DecodedImage {
  /// The image as a model takes it: brought to gray or RGB, then to the model's size.
  ///
  /// - Parameters:
  ///   - shape: the model's input, which has 1 or 3 channels.
  ///   - preprocessing: how the size is reached; nil for both sides resized, whatever their ratio.
  ///   - invert: whether to put black for white, as for dark digits on light paper where a model learnt light on dark.
  package func fitted(
    to shape: Shape, _ preprocessing: Preprocessing? = nil, invert: Bool = false
  ) -> [UInt8] {
    let colored = shape.channels == 1 ? gray : rgb
    let resized =
      preprocessing.map(colored.preprocessed) ?? colored.resized(height: shape.height, width: shape.width)
    return invert ? resized.pixels.map { 255 - $0 } : resized.pixels
  }

  /// The image in gray: 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), rounded as Pillow does.
  var gray: DecodedImage {
    guard shape.channels == 3 else { return self }
    let gray = (0..<shape.height * shape.width).map { pixel in
      let (r, g, b) = (Int(pixels[3 * pixel]), Int(pixels[3 * pixel + 1]), Int(pixels[3 * pixel + 2]))
      return UInt8((r * 19_595 + g * 38_470 + b * 7_471 + 0x8000) >> 16)
    }
    return DecodedImage(shape: Shape(shape.height, shape.width, 1), pixels: gray, scale)
  }

  /// The image in RGB: gray goes into all three channels.
  package var rgb: DecodedImage {
    guard shape.channels == 1 else { return self }
    var rgb = [UInt8](repeating: 0, count: 3 * pixels.count)
    for index in rgb.indices { rgb[index] = pixels[index / 3] }
    return DecodedImage(shape: Shape(shape.height, shape.width, 3), pixels: rgb, scale)
  }

  /// Left and right exchanged.
  var flipped: DecodedImage {
    var target = pixels
    let (width, channels) = (shape.width, shape.channels)
    for y in 0..<shape.height {
      for x in 0..<width {
        for c in 0..<channels {
          target[(y * width + x) * channels + c] = pixels[(y * width + width - 1 - x) * channels + c]
        }
      }
    }
    return DecodedImage(shape: shape, pixels: target)
  }
}
