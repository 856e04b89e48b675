import Tensors

/// How training images are varied, a choice of the command line.
package enum AugmentationKind: String, Codable, CaseIterable, Sendable {
  case none
  /// See `DigitDistortion`.
  case digits
  /// See `CropAndFlip`.
  case photos
}

/// Random variations of training images: each epoch shows the network other pictures of the same things.
///
/// What becomes of an image is a pure function of (seed, epoch, number of the sample), so it does not depend
/// on which rank or thread loads it, or in which batch.
package struct Augmentation: Sendable {
  private enum Method: Sendable {
    case digits(DigitDistortion)
    case photos(CropAndFlip)
  }

  private let seed: UInt64
  private let method: Method

  /// - Parameter shape: of the images.
  /// - Returns: nil for `none`.
  /// - Throws: when the images are too small.
  package init?(_ kind: AugmentationKind, shape: Shape, seed: UInt64) throws(DataError) {
    guard kind == .none || min(shape.height, shape.width) >= 8 else {
      throw DataError(
        "the augmentation \(kind.rawValue)", expected: "images of at least 8x8", found: "\(shape)")
    }
    self.seed = seed
    switch kind {
    case .none: return nil
    case .digits: method = .digits(DigitDistortion(shape))
    case .photos: method = .photos(CropAndFlip(shape))
    }
  }

  /// target = a variation of `source`, (H, W, C), normalised. Allocates nothing.
  func apply(
    _ source: Span<UInt8>, sample: Int, epoch: Int, _ normalization: Normalization,
    to target: inout MutableSpan<Float>
  ) {
    var random = RandomStream(seed: seed, purpose: .augmentation, time: epoch, index: sample)
    switch method {
    case .digits(let distortion): distortion.apply(source, &random, normalization, to: &target)
    case .photos(let crop): crop.apply(source, &random, normalization, to: &target)
    }
  }
}
