import Tensors

/// Fills micro-batches with normalised images, in the order of an epoch or in the data set's own; where there
/// is an augmentation, with its variations of them.
package struct BatchLoader: Sendable {
  private let images: any Dataset
  private let labels: [Int32]
  /// `images`, where they are in memory: pixels are taken from where they lie.
  private let memory: LabeledImages?
  private let normalization: Normalization
  /// The samples' numbers, by position.
  private let order: [UInt32]
  private let augmentation: Augmentation?
  private let epoch: Int

  /// - Parameters:
  ///   - order: nil for the data set's own.
  ///   - epoch: which variations of the images an augmentation makes.
  package init(
    _ images: any Dataset, _ normalization: Normalization, order: [UInt32]? = nil,
    augmentation: Augmentation? = nil, epoch: Int = 0
  ) {
    self.images = images
    labels = images.labels
    memory = images as? LabeledImages
    self.augmentation = augmentation
    self.epoch = epoch
    self.normalization = normalization
    self.order = order ?? Array(0..<UInt32(images.count))
  }

  /// Of the images.
  package var shape: Shape { images.shape }

  /// The images are decoded when they are loaded.
  package var isDecoding: Bool { memory == nil }

  /// Number of samples in an epoch.
  package var count: Int { order.count }

  /// The label of the sample at a position of the order.
  package func label(at position: Int) -> Int32 { labels[Int(order[position])] }

  /// Loads the samples at `positions` of the order.
  ///
  /// - Parameters:
  ///   - inputs: (N, H, W, C), overwritten.
  ///   - targets: (N), overwritten.
  ///   - samples: (N), overwritten with the samples' numbers in the data set.
  /// - Throws: `DataError` when a file cannot be read that could be before.
  package func load(
    _ positions: Range<Int>, images inputs: inout MutableSpan<Float>,
    targets: inout MutableSpan<ClassTarget>, samples: inout MutableSpan<UInt32>
  ) throws(DataError) {
    let size = images.shape.count
    precondition(
      positions.count == targets.count, "\(positions.count) positions for \(targets.count) places")
    for (row, position) in positions.enumerated() {
      let sample = Int(order[position])
      samples[row] = UInt32(sample)
      targets[row] = ClassTarget(labels[sample])
      var input = inputs[slice: row * size..<(row + 1) * size]
      try load(sample, &input)
    }
    if let mixing = augmentation?.mixing {
      mixing.apply(&inputs, &targets, images.shape, epoch: epoch, first: positions.lowerBound)
    }
  }

  /// Loads a sample, (H, W, C).
  private func load(_ sample: Int, _ input: inout MutableSpan<Float>) throws(DataError) {
    if let memory {
      let (pixels, size) = (memory.images.span, images.shape.count)
      finish(pixels.extracting(sample * size..<(sample + 1) * size), sample, &input)
    } else if let encoded = images as? EncodedImages, let augmentation {
      let image = try encoded.image(
        sample, scale: augmentation.scale(sample: sample, epoch: epoch))
      augmentation.apply(
        image, encoded.input, sample: sample, epoch: epoch, normalization, to: &input)
    } else {
      var image = [UInt8](repeating: 0, count: images.shape.count)
      var pixels = image.mutableSpan
      try images.read(sample, into: &pixels)
      finish(image.span, sample, &input)
    }
  }

  /// An image's pixels become the network's input.
  private func finish(_ image: Span<UInt8>, _ sample: Int, _ input: inout MutableSpan<Float>) {
    if let augmentation {
      augmentation.apply(image, sample: sample, epoch: epoch, normalization, to: &input)
    } else {
      normalization.apply(image, to: &input)
    }
  }
}
