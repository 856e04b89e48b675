import Tensors

extension DecodedImage {
  /// The image as it is seen, from one that is stored in `orientation`: what Pillow's `ImageOps.exif_transpose` does.
  func upright(from orientation: EXIFOrientation) -> DecodedImage {
    let (height, width, channels) = (shape.height, shape.width, shape.channels)
    switch orientation {
    case .upright: return self
    case .mirrored: return rearranged(height, width) { ($0, width - 1 - $1) }
    case .turnedByHalf: return rearranged(height, width) { (height - 1 - $0, width - 1 - $1) }
    case .upsideDown: return rearranged(height, width) { (height - 1 - $0, $1) }
    case .transposed: return rearranged(width, height) { ($1, $0) }
    case .turnedLeft: return rearranged(width, height) { (height - 1 - $1, $0) }
    case .transversed: return rearranged(width, height) { (height - 1 - $1, width - 1 - $0) }
    case .turnedRight: return rearranged(width, height) { ($1, width - 1 - $0) }
    }

    /// An image of `newHeight` x `newWidth`, whose pixel (y, x) is the one here at `source(y, x)`.
    func rearranged(
      _ newHeight: Int, _ newWidth: Int, _ source: (Int, Int) -> (y: Int, x: Int)
    ) -> DecodedImage {
      var target = [UInt8](repeating: 0, count: pixels.count)
      for y in 0..<newHeight {
        for x in 0..<newWidth {
          let from = source(y, x)
          let (to, start) = ((y * newWidth + x) * channels, (from.y * width + from.x) * channels)
          for channel in 0..<channels { target[to + channel] = pixels[start + channel] }
        }
      }
      let isTurned = orientation.exchangesSides
      return DecodedImage(
        shape: Shape(newHeight, newWidth, channels), pixels: target,
        DecodingScale(
          height: isTurned ? scale.width : scale.height,
          width: isTurned ? scale.height : scale.width, factor: scale.factor))
    }
  }
}
