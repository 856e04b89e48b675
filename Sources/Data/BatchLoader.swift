import Tensors

/// Fills micro-batches with normalised images, in the order of an epoch or in the data set's own; where there
/// is an augmentation, with its variations of them.
package struct BatchLoader: Sendable {
  private let images: LabeledImages
  private let normalization: Normalization
  /// The samples' numbers, by position.
  private let order: [UInt32]
  private let augmentation: Augmentation?
  private let epoch: Int

  /// - Parameters:
  ///   - order: nil for the data set's own.
  ///   - epoch: which variations of the images an augmentation makes.
  package init(
    _ images: LabeledImages, _ normalization: Normalization, order: [UInt32]? = nil,
    augmentation: Augmentation? = nil, epoch: Int = 0
  ) {
    self.images = images
    self.augmentation = augmentation
    self.epoch = epoch
    self.normalization = normalization
    self.order = order ?? Array(0..<UInt32(images.count))
  }

  /// Number of samples in an epoch.
  package var count: Int { order.count }

  /// The label of the sample at a position of the order.
  package func label(at position: Int) -> Int32 { images.labels[Int(order[position])] }

  /// Loads the samples at `positions` of the order.
  ///
  /// - Parameters:
  ///   - inputs: (N, H, W, C), overwritten.
  ///   - labels: (N), overwritten.
  ///   - samples: (N), overwritten with the samples' numbers in the data set.
  package func load(
    _ positions: Range<Int>, images inputs: inout MutableSpan<Float>, labels: inout MutableSpan<Int32>,
    samples: inout MutableSpan<UInt32>
  ) {
    let size = images.shape.count
    precondition(positions.count == labels.count, "\(positions.count) positions for \(labels.count) places")
    let pixels = images.images.span
    for (row, position) in positions.enumerated() {
      let sample = Int(order[position])
      samples[row] = UInt32(sample)
      labels[row] = images.labels[sample]
      var input = inputs[slice: row * size..<(row + 1) * size]
      let image = pixels.extracting(sample * size..<(sample + 1) * size)
      if let augmentation {
        augmentation.apply(image, sample: sample, epoch: epoch, normalization, to: &input)
      } else {
        normalization.apply(image, to: &input)
      }
    }
  }
}
