import Files
import Hashing
import Tensors

/// Images of one shape in a file that is mapped into memory.
package struct MappedImages: Dataset {
  private let file: MappedFile
  package let shape: Shape
  package let classes: Int
  package let classNames: [String]?
  package let labels: [Int32]
  /// The number of each sample in the file.
  private let numbers: [Int]
  private let hashes: [String]

  init(
    file: MappedFile, shape: Shape, classes: Int, classNames: [String]?, labels: [Int32], hashes: [String]
  ) {
    self.init(
      file: file, shape: shape, classes: classes, classNames: classNames, labels: labels,
      numbers: Array(0..<labels.count), hashes: hashes)
  }

  private init(
    file: MappedFile, shape: Shape, classes: Int, classNames: [String]?, labels: [Int32], numbers: [Int],
    hashes: [String]
  ) {
    (self.file, self.shape, self.classes, self.classNames) = (file, shape, classes, classNames)
    (self.labels, self.numbers, self.hashes) = (labels, numbers, hashes)
  }

  package func read(_ sample: Int, into pixels: inout MutableSpan<UInt8>) {
    file.copy(from: numbers[sample] * shape.count, to: &pixels)
  }

  /// Of the hashes in the index, and of which samples these are.
  package var fingerprint: String {
    var stream = FingerprintStream()
    let text = Array(hashes.joined(separator: " ").utf8)
    stream.update(text.span.bytes)
    stream.update(numbers.span.bytes)
    return "\(Fingerprint.kind):\(stream.fingerprint)"
  }

  package func subset(_ chosen: [Int]) -> MappedImages {
    MappedImages(
      file: file, shape: shape, classes: classes, classNames: classNames, labels: chosen.map { labels[$0] },
      numbers: chosen.map { numbers[$0] }, hashes: hashes)
  }

  package func relabeled(_ labels: [Int32], classNames: [String]) -> MappedImages {
    MappedImages(
      file: file, shape: shape, classes: classNames.count, classNames: classNames, labels: labels,
      numbers: numbers, hashes: hashes)
  }

  /// Evenly chosen, as images may be in the order of their classes.
  package func limited(to count: Int) -> MappedImages {
    count < self.count ? subset((0..<count).map { $0 * self.count / count }) : self
  }
}
