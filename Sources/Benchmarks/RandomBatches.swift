import Data
import Networks
import Parallel
import System
import Tensors

/// Random images and labels of a model's input shape: enough different ones that loading them is no more
/// friendly to the caches than a data set is.
package struct RandomBatches {
  package let loader: BatchLoader
  package let schedule: BatchSchedule

  /// Bytes of different images, about.
  private static let imageBytes = 16 << 20

  /// Number of different images.
  private static func imageCount(of network: Network, samples: Int) -> Int {
    min(max(imageBytes / network.input.count, 16), samples)
  }

  /// Bytes of the images, their labels and an order of so many samples.
  static func memory(for network: Network, samples: Int) -> MemoryNeed {
    let count = imageCount(of: network, samples: samples)
    return MemoryNeed(written: Double(count) * Double(network.input.count + 1) + 4 * Double(samples))
  }

  /// - Parameter steps: in an epoch.
  package init(for network: Network, globalBatch: Int, microBatch: Int, steps: Int, seed: UInt64) {
    let size = network.input.count
    let count = Self.imageCount(of: network, samples: globalBatch * steps)
    var random = RandomStream(seed: seed, purpose: .benchmark)
    let pixels = (0..<count * size).map { _ in UInt8(truncatingIfNeeded: random.next() as UInt32) }
    let labels = (0..<count).map { _ in Int32(random.integer(below: network.classes)) }
    let images = LabeledImages(
      shape: network.input, classes: network.classes, images: pixels, labels: labels)
    let order = (0..<globalBatch * steps).map { _ in UInt32(random.integer(below: count)) }
    schedule = BatchSchedule(samples: order.count, globalBatch: globalBatch, microBatch: microBatch)
    loader = BatchLoader(images, Normalization(of: images), order: order)
  }
}
