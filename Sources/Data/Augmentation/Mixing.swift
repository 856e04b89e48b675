import Glibc
import Tensors

/// Training images that are mixed in pairs, and their targets with them: mixup (Zhang et al. 2018) adds two images up,
/// CutMix (Yun et al. 2019) puts a part of one into the other.
///
/// Within a micro-batch the first goes with the last, the second with the last but one, and so on, as timm has it; the
/// share is drawn once for all of them. Where both kinds are wanted each micro-batch gets one or the other.
package struct Mixing: Sendable {
  private let seed: UInt64
  private let mixup: Double?
  private let cutMix: Double?

  /// - Parameters:
  ///   - mixup: shares are drawn from a beta distribution with this for both of its parameters; nil for no mixup.
  ///   - cutMix: the same of CutMix.
  /// - Returns: nil where nothing is mixed.
  package init?(seed: UInt64, mixup: Double?, cutMix: Double?) {
    guard mixup != nil || cutMix != nil else { return nil }
    (self.seed, self.mixup, self.cutMix) = (seed, mixup, cutMix)
  }

  /// Mixes a micro-batch.
  ///
  /// - Parameters:
  ///   - images: (N, H, W, C)
  ///   - targets: (N)
  ///   - first: position of the first sample in the order of the epoch.
  package func apply(
    _ images: inout MutableSpan<Float>, _ targets: inout MutableSpan<ClassTarget>, _ shape: Shape, epoch: Int,
    first: Int
  ) {
    var random = RandomStream(seed: seed, purpose: .mixing, time: epoch, index: first)
    let usesCutMix = cutMix != nil && (mixup == nil || random.integer(below: 2) == 1)
    let share = Self.beta(usesCutMix ? cutMix! : mixup!, &random)
    if usesCutMix {
      cut(&images, &targets, shape, share: share, &random)
    } else {
      add(&images, &targets, shape, share: Float(share))
    }
  }

  private func add(
    _ images: inout MutableSpan<Float>, _ targets: inout MutableSpan<ClassTarget>, _ shape: Shape,
    share: Float
  ) {
    let (count, size) = (targets.count, shape.count)
    for row in 0..<count / 2 {
      let (start, other) = (row * size, (count - 1 - row) * size)
      for index in 0..<size {
        let (a, b) = (images[unchecked: start + index], images[unchecked: other + index])
        images[unchecked: start + index] = share * a + (1 - share) * b
        images[unchecked: other + index] = share * b + (1 - share) * a
      }
    }
    pair(&targets, share: share)
  }

  private func cut(
    _ images: inout MutableSpan<Float>, _ targets: inout MutableSpan<ClassTarget>, _ shape: Shape,
    share: Double,
    _ random: inout RandomStream
  ) {
    let side = (1 - share).squareRoot()
    func range(_ length: Int) -> Range<Int> {
      let (middle, half) = (random.integer(below: length), Int(Double(length) * side) / 2)
      return max(middle - half, 0)..<min(middle + half, length)
    }
    let (rows, columns) = (range(shape.height), range(shape.width))
    let (count, size) = (targets.count, shape.count)
    for row in 0..<count / 2 {
      let (start, other) = (row * size, (count - 1 - row) * size)
      for y in rows {
        let line = y * shape.width * shape.channels
        for index in columns.lowerBound * shape.channels..<columns.upperBound * shape.channels {
          images.swapAt(start + line + index, other + line + index)
        }
      }
    }
    let area = Double(rows.count * columns.count) / Double(shape.height * shape.width)
    pair(&targets, share: Float(1 - area))
  }

  private func pair(_ targets: inout MutableSpan<ClassTarget>, share: Float) {
    for row in 0..<targets.count / 2 {
      let partner = targets.count - 1 - row
      let (a, b) = (targets[row].label, targets[partner].label)
      targets[row] = ClassTarget(a, other: b, share: share)
      targets[partner] = ClassTarget(b, other: a, share: share)
    }
  }

  /// A number in 0...1 from the beta distribution of two equal parameters.
  private static func beta(_ parameter: Double, _ random: inout RandomStream) -> Double {
    let (x, y) = (gamma(parameter, &random), gamma(parameter, &random))
    return x + y > 0 ? x / (x + y) : 1
  }

  /// A number from the gamma distribution (Marsaglia and Tsang 2000).
  private static func gamma(_ shape: Double, _ random: inout RandomStream) -> Double {
    let boost = shape < 1 ? pow(1 - Double(random.uniform()), 1 / shape) : 1
    let d = (shape < 1 ? shape + 1 : shape) - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = Double(random.normal())
      let root = 1 + c * x
      guard root > 0 else { continue }
      let v = root * root * root
      if log(1 - Double(random.uniform())) < 0.5 * x * x + d - d * v + d * log(v) { return boost * d * v }
    }
  }
}
