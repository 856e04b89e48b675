import Files
import Foundation
import Hashing

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
