import Tensors

/// Brings pixels to mean 0 and standard deviation 1 per channel over the training images:
/// (byte / 255 - mean) / deviation.
package struct Normalization: Sendable, Equatable, Codable {
  package let mean: [Float]
  package let deviation: [Float]

  package init(mean: [Float], deviation: [Float]) {
    self.mean = mean
    self.deviation = deviation
  }

  /// The statistics of `images`: sums of whole numbers, so exactly the same on every rank.
  package init(of images: LabeledImages) {
    var sums = PixelSums(channels: images.shape.channels)
    sums.add(images.images.span)
    self.init(of: sums)
  }

  /// A constant channel gets deviation 1.
  package init(of sums: PixelSums) {
    let count = Double(max(sums.count, 1))
    mean = sums.sums.map { Float(Double($0) / count / 255) }
    deviation = zip(sums.sums, sums.squares).map { sum, square in
      let variance = (Double(square) - Double(sum) * Double(sum) / count) / count
      return variance > 0 ? Float(variance.squareRoot() / 255) : 1
    }
  }

  /// To four digits behind the point, to be shown.
  package var rounded: Normalization {
    func round(_ numbers: [Float]) -> [Float] { numbers.map { ($0 * 1e4).rounded() / 1e4 } }
    return Normalization(mean: round(mean), deviation: round(deviation))
  }

  /// A normalised pixel of `channel` is byte * scale + offset.
  func factors(_ channel: Int) -> (scale: Float, offset: Float) {
    (1 / (255 * deviation[channel]), -mean[channel] / deviation[channel])
  }

  /// target = the normalised pixels of `source`, (H, W, C).
  func apply(_ source: Span<UInt8>, to target: inout MutableSpan<Float>) {
    precondition(source.count == target.count, "\(source.count) pixels, \(target.count) numbers")
    // As many numbers at once as whole vectors of all channels: the compiler makes vector code of the inner loop.
    let block = 16 * mean.count
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * block) { memory in
      let (scales, offsets) = (memory.baseAddress!, memory.baseAddress! + block)
      for lane in 0..<block { (scales[lane], offsets[lane]) = factors(lane % mean.count) }
      source.withUnsafeBufferPointer { source in
        target.withUnsafeMutableBufferPointer { target in
          for start in stride(from: 0, to: source.count, by: block) {
            for lane in 0..<min(block, source.count - start) {
              target[start + lane] = Float(source[start + lane]) * scales[lane] + offsets[lane]
            }
          }
        }
      }
    }
  }
}
