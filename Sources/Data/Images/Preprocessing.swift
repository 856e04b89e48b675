import Tensors

/// How photographs become a network's input: resized so that the shorter side has some length, and the middle cut
/// out, as torchvision's `Resize` and `CenterCrop` do.
package struct Preprocessing: Sendable, Equatable, Codable {
  package enum ChannelOrder: String, Sendable, Codable, CaseIterable {
    case rgb = "RGB"
    case bgr = "BGR"
  }

  /// Pixels of the shorter side before the crop.
  package var resize: Int
  /// Height and width of what is cut out: those of the network's input.
  package var crop: Int
  package var interpolation: Interpolation
  package var channels: ChannelOrder

  package init(
    resize: Int, crop: Int, interpolation: Interpolation = .bilinear, channels: ChannelOrder = .rgb
  ) {
    self.resize = resize
    self.crop = crop
    self.interpolation = interpolation
    self.channels = channels
  }
}

extension Preprocessing {
  /// The most pixels of a side.
  private static let limit = 1 << 14

  /// What is wrong with it for inputs of a shape; nil where nothing is.
  package func problem(for input: Shape) -> (expected: String, found: String)? {
    if crop != input.height || crop != input.width {
      return ("a crop of the network's input, \(input)", "\(crop)")
    }
    if resize < crop || resize > Self.limit {
      return ("a shorter side of \(crop) to \(Self.limit) pixels before the crop", "\(resize)")
    }
    if channels == .bgr && input.channels != 3 {
      return ("an input of 3 channels for the order BGR", "\(input)")
    }
    return nil
  }
}

extension DecodedImage {
  /// The image as a network takes it whose input is `preprocessing.crop` x `preprocessing.crop` pixels.
  ///
  /// - Precondition: `resize` is at least `crop`.
  func preprocessed(_ preprocessing: Preprocessing) -> DecodedImage {
    let (side, size) = (preprocessing.resize, preprocessing.crop)
    precondition(side >= size && size > 0, "a crop of \(size) from \(side) pixels")
    let (height, width) = (scale.height, scale.width)
    let (newHeight, newWidth) =
      height <= width ? (side, side * width / height) : (side * height / width, side)
    let (top, left) = (Self.margin(newHeight, size), Self.margin(newWidth, size))
    let cropped = resized(
      height: newHeight, width: newWidth, preprocessing.interpolation, rows: top..<top + size,
      columns: left..<left + size)
    return preprocessing.channels == .bgr ? cropped.reversedChannels : cropped
  }

  /// What lies before the middle `size` of `length` pixels, rounded to even as Python does.
  private static func margin(_ length: Int, _ size: Int) -> Int {
    Int((Double(length - size) / 2).rounded(.toNearestOrEven))
  }

  /// Red for blue.
  package var reversedChannels: DecodedImage {
    var target = pixels
    for pixel in stride(from: 0, to: target.count, by: shape.channels) {
      target[pixel..<pixel + shape.channels].reverse()
    }
    return DecodedImage(shape: shape, pixels: target)
  }
}
