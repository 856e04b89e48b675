import Tensors

/// What is usual for photos: a random crop of the image, padded by its reflection with 4 pixels a side where
/// it is 32 wide or high (and in proportion where it is not), and a flip left to right in every second case
/// (He et al. 2016, section 4.2).
struct CropAndFlip: Sendable {
  private let shape: Shape

  init(_ shape: Shape) { self.shape = shape }

  /// target = a crop of `source`, (H, W, C), normalised.
  func apply(
    _ source: Span<UInt8>, _ random: inout RandomStream, _ normalization: Normalization,
    to target: inout MutableSpan<Float>
  ) {
    let (height, width, channels) = (shape.height, shape.width, shape.channels)
    precondition(source.count == shape.count && target.count == shape.count, "\(source.count) pixels")
    let (rows, columns) = (height / 8, width / 8)
    let down = random.integer(below: 2 * rows + 1) - rows
    let right = random.integer(below: 2 * columns + 1) - columns
    let flips = random.integer(below: 2) == 1
    for channel in 0..<channels {
      let (scale, offset) = normalization.factors(channel)
      for y in 0..<height {
        let row = reflected(y + down, in: height) * width
        for x in 0..<width {
          let column = reflected((flips ? width - 1 - x : x) + right, in: width)
          let place = (row + column) * channels + channel
          target[unchecked: (y * width + x) * channels + channel] =
            Float(source[unchecked: place]) * scale + offset
        }
      }
    }
  }

  /// A place beyond the edge, mirrored at the last pixel, which is not repeated (`reflect` of
  /// `torch.nn.functional.pad`).
  @inline(__always)
  private func reflected(_ place: Int, in count: Int) -> Int {
    place < 0 ? -place : place >= count ? 2 * (count - 1) - place : place
  }
}
