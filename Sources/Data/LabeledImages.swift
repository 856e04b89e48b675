import Hashing
import Tensors

/// Images of one shape, as bytes, and their classes: all in memory.
package struct LabeledImages: Sendable {
  package let shape: Shape
  /// Labels are in 0..<classes.
  package let classes: Int
  /// (N, H, W, C)
  package let images: [UInt8]
  /// (N)
  package let labels: [UInt8]

  package var count: Int { labels.count }

  package init(shape: Shape, classes: Int, images: [UInt8], labels: [UInt8]) {
    precondition(images.count == labels.count * shape.count, "\(images.count) bytes, \(labels.count) labels")
    self.shape = shape
    self.classes = classes
    self.images = images
    self.labels = labels
  }
}

extension LabeledImages {
  /// The fingerprint of all images and then all labels, behind its kind, to tell whether two sets are the
  /// same: `xxh3:` and 32 hexadecimal digits.
  package func hash() -> String {
    var stream = FingerprintStream()
    stream.update(images.span.bytes)
    stream.update(labels.span.bytes)
    return "\(Fingerprint.kind):\(stream.fingerprint)"
  }

  /// The first `count` images, or all where there are not so many.
  package func prefix(_ count: Int) -> LabeledImages {
    guard count < self.count else { return self }
    return LabeledImages(
      shape: shape, classes: classes, images: Array(images.prefix(count * shape.count)),
      labels: Array(labels.prefix(count)))
  }
}

extension LabeledImages {
  /// The images of these numbers, in their order.
  package func subset(_ numbers: [Int]) -> LabeledImages {
    var (images, labels): ([UInt8], [UInt8]) = ([], [])
    images.reserveCapacity(numbers.count * shape.count)
    labels.reserveCapacity(numbers.count)
    for number in numbers {
      images += self.images[number * shape.count..<(number + 1) * shape.count]
      labels.append(self.labels[number])
    }
    return LabeledImages(shape: shape, classes: classes, images: images, labels: labels)
  }
}

/// The two parts of a data set.
package enum DataPart: String, Sendable { case train, test }
