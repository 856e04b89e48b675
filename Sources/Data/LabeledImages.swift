import Hashing
import Tensors

/// Images of one shape, as bytes, and their classes: all in memory.
package struct LabeledImages: Dataset {
  package let shape: Shape
  package let classes: Int
  package let classNames: [String]?
  /// (N, H, W, C)
  package let images: [UInt8]
  package let labels: [Int32]

  package init(
    shape: Shape, classes: Int, classNames: [String]? = nil, images: [UInt8], labels: [Int32]
  ) {
    precondition(images.count == labels.count * shape.count, "\(images.count) bytes, \(labels.count) labels")
    precondition(classNames.map { $0.count == classes } ?? true, "names of other than \(classes) classes")
    self.shape = shape
    self.classes = classes
    self.classNames = classNames
    self.images = images
    self.labels = labels
  }

  package func read(_ sample: Int, into pixels: inout MutableSpan<UInt8>) {
    pixels.copy(from: images.span.extracting(sample * shape.count..<(sample + 1) * shape.count))
  }
}

extension LabeledImages {
  /// The fingerprint of all images and then all labels, behind its kind, to tell whether two sets are the
  /// same: `xxh3:` and 32 hexadecimal digits.
  package var fingerprint: String {
    var stream = FingerprintStream()
    stream.update(images.span.bytes)
    // As bytes where they fit, as the first programs, which had no other labels, hashed them.
    if classes <= 256 {
      let bytes = labels.map { UInt8($0) }
      stream.update(bytes.span.bytes)
    } else {
      stream.update(labels.span.bytes)
    }
    return "\(Fingerprint.kind):\(stream.fingerprint)"
  }

  package func limited(to count: Int) -> LabeledImages {
    guard count < self.count else { return self }
    return LabeledImages(
      shape: shape, classes: classes, classNames: classNames,
      images: Array(images.prefix(count * shape.count)), labels: Array(labels.prefix(count)))
  }
}

extension LabeledImages {
  package func relabeled(_ labels: [Int32], classNames: [String]) -> LabeledImages {
    LabeledImages(
      shape: shape, classes: classNames.count, classNames: classNames, images: images, labels: labels)
  }

  package func subset(_ numbers: [Int]) -> LabeledImages {
    var (images, labels): ([UInt8], [Int32]) = ([], [])
    images.reserveCapacity(numbers.count * shape.count)
    labels.reserveCapacity(numbers.count)
    for number in numbers {
      images += self.images[number * shape.count..<(number + 1) * shape.count]
      labels.append(self.labels[number])
    }
    return LabeledImages(
      shape: shape, classes: classes, classNames: classNames, images: images, labels: labels)
  }
}
