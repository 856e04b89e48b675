import Glibc
import Tensors

/// Distorts pictures of digits as handwriting varies: shifts, turns, stretches, slants and bends them.
///
/// Each target pixel p takes the value at the source point
///
///     A (p - centre) + centre + shift + elastic(p)
///
/// between the pixels around it (bilinear), with the background, 0, beyond the edge. All in one sampling, so
/// that the picture is blurred once only.
struct DigitDistortion: Sendable {
  /// The most that is changed, in pixels of an image of 28 x 28, and in proportion to others. Shift, rotation, stretches and slant are
  /// uniform within plus and minus their largest.
  private static let largestShift: Float = 2
  /// 12 degrees.
  private static let largestRotation: Float = 0.21
  private static let largestStretch: Float = 0.1
  private static let largestSlant: Float = 0.1
  /// Standard deviation in pixels as above. Simard's sigma = 4 with alpha = 34 displaces by 1.4, without
  /// turns and slants; with them, mnist-bn reads test digits better after 0.7 than after 1.
  private static let elasticDeviation: Float = 0.7

  private let shape: Shape
  private let elastic: ElasticField
  /// Pixels of these images to one of 28 x 28.
  private let unit: Float

  init(_ shape: Shape) {
    self.shape = shape
    elastic = ElasticField(height: shape.height, width: shape.width)
    unit = Float(max(shape.height, shape.width)) / 28
  }

  /// The affine part: the source point of a target pixel is (xx, xy; yx, yy) (x, y) + (x0, y0).
  private struct AffineMap {
    let (xx, xy, yx, yy): (Float, Float, Float, Float)
    let (x0, y0): (Float, Float)

    /// - Parameter numbers: random ones in [-1, 1).
    init(_ numbers: SixteenFloats, _ shape: Shape, unit: Float) {
      let angle = numbers[0] * largestRotation
      let (cosine, sine) = (cosf(angle), sinf(angle))
      let (wide, high) = (1 + numbers[1] * largestStretch, 1 + numbers[2] * largestStretch)
      let slant = numbers[3] * largestSlant
      (xx, xy) = (cosine * wide, (cosine * slant - sine) * high)
      (yx, yy) = (sine * wide, (sine * slant + cosine) * high)
      let (centreX, centreY) = (Float(shape.width - 1) / 2, Float(shape.height - 1) / 2)
      x0 = centreX + numbers[4] * largestShift * unit - xx * centreX - xy * centreY
      y0 = centreY + numbers[5] * largestShift * unit - yx * centreX - yy * centreY
    }
  }

  /// target = a distorted `source`, (H, W, C), normalised.
  func apply(
    _ source: Span<UInt8>, _ random: inout RandomStream, _ normalization: Normalization,
    to target: inout MutableSpan<Float>
  ) {
    precondition(source.count == shape.count && target.count == shape.count, "\(source.count) pixels")
    let map = AffineMap(random.next32().lowHalf.signedUnits, shape, unit: unit)
    let grid = ElasticField.Grid(&random, deviation: Self.elasticDeviation * unit)
    source.withUnsafeBufferPointer { source in
      target.withUnsafeMutableBufferPointer { target in
        for y in 0..<shape.height {
          distort(row: y, map, grid, source.baseAddress!, normalization, target.baseAddress!)
        }
      }
    }
  }

  @inline(__always)
  private func distort(
    row y: Int, _ map: AffineMap, _ grid: ElasticField.Grid, _ source: UnsafePointer<UInt8>,
    _ normalization: Normalization, _ target: UnsafeMutablePointer<Float>
  ) {
    let (height, width, channels) = (shape.height, shape.width, shape.channels)
    let bend = elastic.row(y, of: grid)
    var first = 0
    while first < width {
      let lanes = min(16, width &- first)
      let columns = SixteenFloats(repeating: Float(first)) + .laneNumbers
      var (sourceX, sourceY) = elastic.displacements(from: first, in: bend)
      sourceX += SixteenFloats(repeating: map.x0 + map.xy * Float(y)).addingProduct(
        columns, SixteenFloats(repeating: map.xx))
      sourceY += SixteenFloats(repeating: map.y0 + map.yy * Float(y)).addingProduct(
        columns, SixteenFloats(repeating: map.yx))
      let sampler = BilinearSampler(sourceX, sourceY, height: height, width: width)
      for channel in 0..<channels {
        let (scale, offset) = normalization.factors(channel)
        let values = sampler.values(source + channel, width: width, channels: channels)
        let normalized = SixteenFloats(repeating: offset).addingProduct(
          values, SixteenFloats(repeating: scale))
        let row = target + ((y &* width &+ first) &* channels &+ channel)
        if channels == 1 && lanes == 16 {
          UnsafeMutableRawPointer(row).storeBytes(of: normalized, as: SixteenFloats.self)
        } else {
          for lane in 0..<lanes { row[lane &* channels] = normalized[lane] }
        }
      }
      first &+= 16
    }
  }
}
