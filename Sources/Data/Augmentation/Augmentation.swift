import Tensors

/// How training images are varied, a choice of the command line.
package enum AugmentationKind: String, Codable, CaseIterable, Sendable {
  case none
  /// See `DigitDistortion`.
  case digits
  /// See `CropAndFlip`.
  case photos
  /// See `RandomResizedCrop`, and a flip left to right in every second case.
  case resizedCrop = "resized-crop"
}

/// Random variations of training images: each epoch shows the network other pictures of the same things.
///
/// What becomes of an image is a pure function of (seed, epoch, number of the sample), so it does not depend
/// on which rank or thread loads it, or in which batch. Only mixing depends on the samples beside it.
package struct Augmentation: Sendable {
  private enum Method: Sendable {
    case none
    case digits(DigitDistortion)
    case photos(CropAndFlip)
    case resizedCrop(RandomResizedCrop)
  }

  private let seed: UInt64
  private let shape: Shape
  private let method: Method
  private let jitter: ColorJitter?
  private let cutout: Cutout?
  let mixing: Mixing?

  /// - Parameters:
  ///   - shape: of the images.
  ///   - leastArea: of a resized crop, as a share of the photo's area.
  ///   - cutout: the side of a square in pixels that is blanked; nil for none.
  /// - Returns: nil where nothing is varied.
  /// - Throws: when the images are too small, or their channels are none of a photo.
  package init?(
    _ kind: AugmentationKind, shape: Shape, seed: UInt64, leastArea: Double = 0.08,
    jitter: ColorJitter? = nil,
    cutout: Int? = nil, mixing: Mixing? = nil
  ) throws(DataError) {
    guard kind != .none || jitter != nil || cutout != nil || mixing != nil else { return nil }
    guard kind == .none || min(shape.height, shape.width) >= 8 else {
      throw DataError(
        "the augmentation \(kind.rawValue)", expected: "images of at least 8x8", found: "\(shape)")
    }
    guard [1, 3].contains(shape.channels) || (kind != .resizedCrop && jitter == nil) else {
      throw DataError("the augmentation of photos", expected: "images of 1 or 3 channels", found: "\(shape)")
    }
    if let cutout, cutout > max(shape.height, shape.width) {
      throw DataError(
        "the square that is cut out", expected: "at most the size of the images, \(shape)", found: "\(cutout)"
      )
    }
    (self.seed, self.shape, self.jitter, self.mixing) = (seed, shape, jitter, mixing)
    self.cutout = cutout.map { Cutout(side: $0, shape) }
    method =
      switch kind {
      case .none: .none
      case .digits: .digits(DigitDistortion(shape))
      case .photos: .photos(CropAndFlip(shape))
      case .resizedCrop: .resizedCrop(RandomResizedCrop(leastArea: leastArea))
      }
  }

  /// target = a variation of `source`, (H, W, C), normalised. Allocates nothing, unless colors are varied.
  func apply(
    _ source: Span<UInt8>, sample: Int, epoch: Int, _ normalization: Normalization,
    to target: inout MutableSpan<Float>
  ) {
    var random = RandomStream(seed: seed, purpose: .augmentation, time: epoch, index: sample)
    switch method {
    case .none: colored(source, sample: sample, epoch: epoch) { normalization.apply($0, to: &target) }
    case .digits(let distortion):
      colored(source, sample: sample, epoch: epoch) {
        distortion.apply($0, &random, normalization, to: &target)
      }
    case .photos(let crop):
      colored(source, sample: sample, epoch: epoch) { crop.apply($0, &random, normalization, to: &target) }
    case .resizedCrop(let crop):
      let image = DecodedImage(shape: shape, pixels: source.withUnsafeBufferPointer { Array($0) })
      apply(image, crop, &random, nil, sample: sample, epoch: epoch, normalization, to: &target)
      return
    }
    blank(sample: sample, epoch: epoch, &target)
  }

  /// By what factor a photo may be smaller that `apply` is to vary.
  func scale(sample: Int, epoch: Int) -> DecodingScale.Choice {
    guard case .resizedCrop(let crop) = method else { return { _, _ in 1 } }
    return { height, width in
      var random = RandomStream(seed: seed, purpose: .augmentation, time: epoch, index: sample)
      let region = crop.region(height: height, width: width, &random)
      return min(
        DecodingScale.factor(from: region.rows.count, to: shape.height),
        DecodingScale.factor(from: region.columns.count, to: shape.width))
    }
  }

  /// target = a variation of a photo, normalised.
  ///
  /// - Parameter input: what photos become otherwise: its colors and interpolation.
  func apply(
    _ image: DecodedImage, _ input: ImageInput, sample: Int, epoch: Int, _ normalization: Normalization,
    to target: inout MutableSpan<Float>
  ) {
    guard case .resizedCrop(let crop) = method else {
      let fitted = image.fitted(to: input.shape, input.preprocessing)
      apply(fitted.span, sample: sample, epoch: epoch, normalization, to: &target)
      return
    }
    var random = RandomStream(seed: seed, purpose: .augmentation, time: epoch, index: sample)
    apply(image, crop, &random, input.preprocessing, sample: sample, epoch: epoch, normalization, to: &target)
  }

  private func apply(
    _ image: DecodedImage, _ crop: RandomResizedCrop, _ random: inout RandomStream,
    _ preprocessing: Preprocessing?, sample: Int, epoch: Int, _ normalization: Normalization,
    to target: inout MutableSpan<Float>
  ) {
    let region = crop.region(height: image.scale.height, width: image.scale.width, &random)
    let flips = random.integer(below: 2) == 1
    let colors = shape.channels == 1 ? image.gray : image.rgb
    var resized = colors.resized(
      height: shape.height, width: shape.width, preprocessing?.interpolation ?? .bilinear,
      from: region.rows, region.columns)
    if flips { resized = resized.flipped }
    if preprocessing?.channels == .bgr { resized = resized.reversedChannels }
    colored(resized.pixels.span, sample: sample, epoch: epoch) { normalization.apply($0, to: &target) }
    blank(sample: sample, epoch: epoch, &target)
  }

  /// Varies an image's colors.
  private func colored(_ source: Span<UInt8>, sample: Int, epoch: Int, _ use: (Span<UInt8>) -> Void) {
    guard let jitter else { return use(source) }
    var random = RandomStream(seed: seed, purpose: .colorJitter, time: epoch, index: sample)
    var copy = source.withUnsafeBufferPointer { Array($0) }
    var pixels = copy.mutableSpan
    for change in jitter.changes(&random) {
      ColorJitter.apply(change, to: &pixels, channels: shape.channels)
    }
    use(copy.span)
  }

  private func blank(sample: Int, epoch: Int, _ target: inout MutableSpan<Float>) {
    guard let cutout else { return }
    var random = RandomStream(seed: seed, purpose: .cutout, time: epoch, index: sample)
    cutout.apply(&random, &target)
  }
}
