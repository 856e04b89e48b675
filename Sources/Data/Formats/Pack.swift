import Files
import Hashing
import Tensors

/// A data set packed into few large files, which a parallel file system serves better than a million small ones: a
/// directory with
///
///     pack.json      shape, classes, what is in each part, and hashes of the files
///     train.images   the pixels of all images, (N, H, W, C), or the JPEG files one behind the other
///     train.labels   the labels as 32-bit little-endian numbers
///     train.places   of JPEG files: where each begins, and where the last ends, as 64-bit little-endian numbers
///
/// and the same for `test`. Samples are where (number x record size), or `places`, say: any can be read alone.
package struct Pack: DataFormat {
  package static let indexName = "pack.json"

  /// What the images are stored as.
  package enum Encoding: String, Codable, CaseIterable, Sendable { case raw, jpeg }

  package struct Index: Codable, Equatable, Sendable {
    package var format = "cnn-mpi pack"
    package var version = 1
    package let encoding: Encoding
    /// Height, width, channels of raw images; nil for JPEG files, which have their own.
    package let shape: [Int]?
    package let classes: Int
    package let classNames: [String]?
    package var parts: [String: Part]

    package struct Part: Codable, Equatable, Sendable {
      package let samples: Int
      /// By file name: length in bytes and XXH3 hash.
      package let files: [String: File]
    }

    package struct File: Codable, Equatable, Sendable {
      package let bytes: Int
      package let hash: String
    }
  }

  private let directory: Path
  package let index: Index

  /// Nil where there is no index.
  ///
  /// - Throws: where the index is none, or lies about sizes.
  package init?(_ directory: Path, _ names: [Path]) throws(DataError) {
    guard names.contains(Path(Self.indexName)) else { return nil }
    self.directory = directory
    let path = (directory / Path(Self.indexName)).text
    index = try decodeJSON(
      Index.self, from: try readFile(path), path: path, as: "the index of a pack",
      keys: .convertFromSnakeCase)
    guard index.format == "cnn-mpi pack", index.version == 1 else {
      throw DataError(
        path, expected: "the index of a pack of version 1",
        found: "\(shown(index.format)), version \(index.version)")
    }
    guard (1...DataOptions.mostClasses).contains(index.classes),
      index.classNames.map({ $0.count == index.classes }) ?? true
    else {
      throw DataError(
        path, expected: "classes, and as many names",
        found: "\(index.classes) classes, \(index.classNames?.count ?? 0) names")
    }
    switch (index.encoding, index.shape) {
    case (.jpeg, nil): break
    case (.raw, let shape?)
    where shape.count == 3 && shape.allSatisfy { (1...1 << 14).contains($0) } && shape[2] <= 64: break
    default:
      throw DataError(
        path, expected: "height, width and channels of raw images, and none of JPEG files",
        found: "\(index.encoding.rawValue), \(index.shape.map { "\($0)" } ?? "none")")
    }
  }

  /// One part; nil where there is none.
  ///
  /// - Throws: where files are missing or of other lengths than the index says, or labels are of no class.
  func load(_ part: DataPart, as input: ImageInput) throws(DataError) -> (any Dataset)? {
    guard let found = index.parts[part.rawValue] else { return nil }
    func path(_ kind: String) -> String { (directory / Path("\(part.rawValue).\(kind)")).text }
    let names = (["images", "labels"] + (index.encoding == .jpeg ? ["places"] : [])).map {
      "\(part.rawValue).\($0)"
    }
    guard Set(found.files.keys) == Set(names) else {
      throw DataError(
        (directory / Path(Self.indexName)).text, expected: "the files \(names.joined(separator: ", "))",
        found: found.files.keys.sorted().map(shown).joined(separator: ", "))
    }
    let (labelBytes, overflow) = found.samples.multipliedReportingOverflow(by: 4)
    guard found.samples > 0, !overflow else {
      throw DataError((directory / Path(Self.indexName)).text, expected: "samples", found: "\(found.samples)")
    }
    let labels = try numbers(Int32.self, path("labels"), bytes: labelBytes)
    if let wrong = labels.firstIndex(where: { $0 < 0 || $0 >= index.classes }) {
      throw DataError(
        path("labels"), expected: "labels in 0..<\(index.classes)",
        found: "\(labels[wrong]) of image \(wrong)")
    }
    let images = try MappedFile(path("images"), as: "the images of a pack")
    if let sizes = index.shape {
      let shape = Shape(sizes[0], sizes[1], sizes[2])
      let (bytes, overflow) = found.samples.multipliedReportingOverflow(by: shape.count)
      guard !overflow, images.count == bytes else {
        throw DataError(
          path("images"), expected: "\(found.samples) images of \(shape)", found: "\(images.count) bytes",
          hint: "the file is truncated, or of another pack")
      }
      return MappedImages(
        file: images, shape: shape, classes: index.classes, classNames: index.classNames, labels: labels,
        hashes: found.files.sorted { $0.key < $1.key }.map(\.value.hash))
    }
    let places = try numbers(Int64.self, path("places"), bytes: 8 * (found.samples + 1)).map { Int($0) }
    guard places[0] == 0, places.last == images.count, zip(places, places.dropFirst()).allSatisfy({ $0 < $1 })
    else {
      throw DataError(
        path("places"), expected: "rising places in \(images.count) bytes of images", found: "others",
        hint: "the files are of different packs, or truncated")
    }
    let file = directory / Path("\(part.rawValue).images")
    let sources = (0..<found.samples).map { sample in
      EncodedImages.Source(
        path: file, range: places[sample]..<places[sample + 1], name: "\(file.text), image \(sample)")
    }
    return EncodedImages(
      sources: sources, labels: labels, classes: index.classes, classNames: index.classNames, input: input)
  }

  /// Numbers as they lie in a file, whose length is known.
  private func numbers<Number: FixedWidthInteger>(
    _: Number.Type, _ path: String, bytes: Int
  ) throws(DataError) -> [Number] {
    let file = try MappedFile(path, as: "a file of a pack")
    guard file.count == bytes else {
      throw DataError(path, expected: "\(bytes) bytes, as the index says", found: "\(file.count)")
    }
    var numbers: [Number] = []
    numbers.reserveCapacity(bytes / MemoryLayout<Number>.size)
    // Parts end where numbers do, as their size is a power of two.
    file.forEachPart { part in
      for place in stride(from: 0, to: part.count, by: MemoryLayout<Number>.size) {
        numbers.append(Number(littleEndian: part.loadUnaligned(fromByteOffset: place, as: Number.self)))
      }
    }
    return numbers
  }

  /// Compares the files with their hashes.
  ///
  /// - Returns: what is wrong, by line.
  package func damages(progress: (_ bytes: Int) -> Void) -> [String] {
    var damages: [String] = []
    for part in index.parts.sorted(by: { $0.key < $1.key }).map(\.value) {
      for (name, file) in part.files.sorted(by: { $0.key < $1.key }) {
        let path = (directory / Path(name)).text
        do {
          let mapped = try MappedFile(path, as: "a file of a pack")
          let hash = Self.hash(of: mapped)
          progress(mapped.count)
          if hash != file.hash || mapped.count != file.bytes {
            damages.append("\(path): expected the hash \(file.hash), found \(hash)")
          }
        } catch { damages.append("\(error)") }
      }
    }
    return damages
  }

  static func hash(of file: MappedFile) -> String {
    var stream = FingerprintStream()
    file.forEachPart { stream.update($0.bytes) }
    return "\(Fingerprint.kind):\(stream.fingerprint)"
  }
}
