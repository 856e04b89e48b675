import Files
import Hashing
import Tensors

/// Images as JPEG or PNG files, or parts of larger files, decoded whenever they are read: memory holds where they are
/// and what they show, not their pixels.
package struct EncodedImages: Dataset {
  /// Where the bytes of an image are.
  package struct Source: Sendable {
    package let path: Path
    /// Which bytes of the file; nil for all.
    package let range: Range<Int>?
    /// What messages call it.
    package let name: String

    package init(path: Path, range: Range<Int>? = nil, name: String? = nil) {
      (self.path, self.range) = (path, range)
      self.name = name ?? path.text
    }
  }

  package let sources: [Source]
  package let labels: [Int32]
  package let names: [String]?
  package let classes: Int
  package let input: ImageInput

  init(sources: [Source], labels: [Int32], classNames: [String], input: ImageInput) {
    self.init(
      sources: sources, labels: labels, classes: classNames.count, classNames: classNames, input: input)
  }

  init(sources: [Source], labels: [Int32], classes: Int, classNames: [String]?, input: ImageInput) {
    precondition(sources.count == labels.count, "\(sources.count) images, \(labels.count) labels")
    (self.sources, self.labels, self.classes, names, self.input) = (
      sources, labels, classes, classNames, input
    )
  }

  package var shape: Shape { input.shape }
  package var classNames: [String]? { names }

  package func read(_ sample: Int, into pixels: inout MutableSpan<UInt8>) throws(DataError) {
    let fitted = try image(sample).fitted(to: input.shape, input.preprocessing)
    pixels.copy(from: fitted.span)
  }

  /// The image in its own size.
  package func image(_ sample: Int) throws(DataError) -> DecodedImage {
    try image(sample, scale: { _, _ in 1 })
  }

  func image(_ sample: Int, scale: DecodingScale.Choice) throws(DataError) -> DecodedImage {
    try ImageFile.decode(try bytes(sample), path: sources[sample].name, scale: scale)
  }

  /// The image's file.
  package func bytes(_ sample: Int) throws(DataError) -> [UInt8] {
    let source = sources[sample]
    guard let range = source.range else { return try readFile(source.path.text, as: "a readable image") }
    return try readPart(of: source.path.text, range, as: "a readable image")
  }

  /// Of the names of files, where images are in larger ones, labels, and the names of classes: the same wherever the
  /// files are.
  package var fingerprint: String {
    var stream = FingerprintStream()
    for source in sources {
      let bytes = source.path.last.bytes + [0]
      stream.update(bytes.span.bytes)
      if let range = source.range {
        let bounds = [range.lowerBound, range.upperBound]
        stream.update(bounds.span.bytes)
      }
    }
    stream.update(labels.span.bytes)
    for name in names ?? [] {
      let bytes = Array(name.utf8) + [0]
      stream.update(bytes.span.bytes)
    }
    return "\(Fingerprint.kind):\(stream.fingerprint)"
  }

  package func subset(_ numbers: [Int]) -> EncodedImages {
    EncodedImages(
      sources: numbers.map { sources[$0] }, labels: numbers.map { labels[$0] }, classes: classes,
      classNames: names,
      input: input)
  }

  package func relabeled(_ labels: [Int32], classNames: [String]) -> EncodedImages {
    EncodedImages(sources: sources, labels: labels, classNames: classNames, input: input)
  }

  /// Evenly chosen, as images are in the order of their classes.
  package func limited(to count: Int) -> EncodedImages {
    count < self.count ? subset((0..<count).map { $0 * self.count / count }) : self
  }
}
