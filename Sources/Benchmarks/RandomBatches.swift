import Data
import Networks
import Parallel
import Tensors

/// Random images and labels of a model's input shape: enough different ones that loading them is no more
/// friendly to the caches than a data set is.
package struct RandomBatches {
  package let loader: BatchLoader
  package let schedule: BatchSchedule

  /// Bytes of different images, about.
  private static let imageBytes = 16 << 20

  /// - Parameter steps: in an epoch.
  package init(for network: Network, globalBatch: Int, microBatch: Int, steps: Int, seed: UInt64) {
    let size = network.input.count
    let count = min(max(Self.imageBytes / size, 16), globalBatch * steps)
    var random = RandomStream(seed: seed, purpose: .benchmark)
    let pixels = (0..<count * size).map { _ in UInt8(truncatingIfNeeded: random.next() as UInt32) }
    // Labels are bytes.
    let classes = min(network.classes, 256)
    let labels = (0..<count).map { _ in UInt8(random.integer(below: classes)) }
    let images = LabeledImages(
      shape: network.input, classes: network.classes, images: pixels, labels: labels)
    let order = (0..<globalBatch * steps).map { _ in UInt32(random.integer(below: count)) }
    schedule = BatchSchedule(samples: order.count, globalBatch: globalBatch, microBatch: microBatch)
    loader = BatchLoader(images, Normalization(of: images), order: order)
  }
}
