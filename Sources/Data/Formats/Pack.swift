import Files
import Foundation
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
package struct Pack {
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
    let sources =
      found.samples == 0
      ? []
      : (0..<found.samples).map { sample in
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
    return file.withBytes { raw in
      (0..<bytes / MemoryLayout<Number>.size).map {
        Number(
          littleEndian: raw.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Number>.size, as: Number.self))
      }
    }
  }

  /// Compares the files with their hashes.
  ///
  /// - Returns: what is wrong, by line.
  package func damages(progress: (_ bytes: Int) -> Void) -> [String] {
    var damages: [String] = []
    for part in index.parts.values {
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
    file.withBytes { bytes in
      var stream = FingerprintStream()
      var place = 0
      while place < bytes.count {
        let end = min(place + 1 << 24, bytes.count)
        stream.update(UnsafeRawBufferPointer(rebasing: bytes[place..<end]).bytes)
        place = end
      }
      return "\(Fingerprint.kind):\(stream.fingerprint)"
    }
  }
}

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

/// Writes the parts of a pack, one after the other.
package struct PackWriter {
  private let directory: String
  private let encoding: Pack.Encoding
  private var index: Pack.Index?

  /// Makes the directory.
  ///
  /// - Throws: where it cannot be made, or holds something.
  package init(_ directory: String, _ encoding: Pack.Encoding) throws {
    if mkdir(Path(directory).cString, 0o755) != 0 {
      guard errno == EEXIST, isDirectory(directory) else {
        throw OutputError(directory, "to create the directory")
      }
      guard try names(inDirectory: Path(directory)).isEmpty else {
        throw DataError(directory, expected: "a new or empty directory for the pack", found: "files in it")
      }
    }
    (self.directory, self.encoding) = (directory, encoding)
  }

  /// Writes a part.
  ///
  /// - Parameters:
  ///   - next: gives the bytes of one sample after the other: pixels, or a JPEG file; nil for one that is left out.
  package mutating func write(
    _ part: DataPart, of images: any Dataset, _ next: (_ sample: Int) throws -> [UInt8]?
  ) throws {
    var (labels, places): ([Int32], [Int64]) = ([], [0])
    var files: [String: Pack.Index.File] = [:]
    var file = try AtomicFile(path: "\(directory)/\(part.rawValue).images")
    var stream = FingerprintStream()
    for sample in 0..<images.count {
      guard let bytes = try next(sample) else { continue }
      try file.append(bytes.span.bytes)
      stream.update(bytes.span.bytes)
      labels.append(images.labels[sample].littleEndian)
      places.append(places.last! + Int64(bytes.count))
    }
    guard !labels.isEmpty else {
      throw DataError(directory, expected: "\(part.rawValue) images", found: "none")
    }
    try file.commit()
    files["\(part.rawValue).images"] = Pack.Index.File(
      bytes: Int(places.last!), hash: "\(Fingerprint.kind):\(stream.fingerprint)")
    try write(labels, "\(part.rawValue).labels", &files)
    if encoding == .jpeg { try write(places.map(\.littleEndian), "\(part.rawValue).places", &files) }
    var index =
      index
      ?? Pack.Index(
        encoding: encoding,
        shape: encoding == .raw ? [images.shape.height, images.shape.width, images.shape.channels] : nil,
        classes: images.classes, classNames: images.classNames, parts: [:])
    index.parts[part.rawValue] = Pack.Index.Part(samples: labels.count, files: files)
    self.index = index
  }

  private func write<Number: FixedWidthInteger & BitwiseCopyable>(
    _ numbers: [Number], _ name: String, _ files: inout [String: Pack.Index.File]
  ) throws {
    var file = try AtomicFile(path: "\(directory)/\(name)")
    let bytes = numbers.span.bytes
    try file.append(bytes)
    try file.commit()
    var stream = FingerprintStream()
    stream.update(bytes)
    files[name] = Pack.Index.File(bytes: bytes.byteCount, hash: "\(Fingerprint.kind):\(stream.fingerprint)")
  }

  /// Writes the index: only now is it a pack.
  package func finish() throws -> Pack.Index {
    guard let index else { preconditionFailure("a pack without parts") }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    let text = Array(try encoder.encode(index)) + [UInt8(ascii: "\n")]
    var file = try AtomicFile(path: "\(directory)/\(Pack.indexName)")
    try file.append(text.span.bytes)
    try file.commit()
    return index
  }
}
