import Hashing
import Tensors

/// What a safetensors file is to hold, see `SafetensorsFile`: 32-bit floats and 64-bit integers.
///
/// Equal contents make equal files: tensors in the order given, metadata sorted by key.
package struct SafetensorsContents: Sendable {
  package var metadata: [String: String]
  package var tensors: [NamedTensor]

  package init(metadata: [String: String] = [:], tensors: [NamedTensor]) {
    self.metadata = metadata
    self.tensors = tensors
  }

  /// Writes the file tensor by tensor, so that no second copy of all numbers is made, and hashes what is
  /// written as it passes by.
  ///
  /// - Returns: the length of the file and its SHA-256, in hexadecimal.
  @discardableResult
  package func write(to path: String) throws(OutputError) -> (byteCount: Int, sha256: String) {
    var file = try AtomicFile(path: path)
    var hash = SHA256()
    var byteCount = 0
    try forEachPiece { piece throws(OutputError) in
      byteCount += piece.byteCount
      hash.update(piece)
      try file.append(piece)
    }
    try file.commit()
    return (byteCount, hash.hexDigest())
  }

  /// All bytes of the file, in memory.
  package var bytes: [UInt8] {
    var bytes: [UInt8] = []
    forEachPiece { piece in piece.withUnsafeBytes { bytes += $0 } }
    return bytes
  }

  private func forEachPiece<Failure: Error>(_ body: (RawSpan) throws(Failure) -> Void) throws(Failure) {
    try body(start.span.bytes)
    for tensor in tensors {
      switch tensor.values {
      case .floats(let numbers): try body(numbers.span.bytes)
      case .integers(let numbers): try body(numbers.span.bytes)
      }
    }
  }

  /// Everything before the numbers: the length of the header and the header, padded so that the numbers begin
  /// at a multiple of 8.
  private var start: [UInt8] {
    var header = Array("{\(entries.joined(separator: ","))}".utf8)
    header += [UInt8](repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
    return (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header
  }

  private var entries: [String] {
    precondition(Set(tensors.map(\.name)).count == tensors.count, "two tensors of one name")
    let texts = metadata.sorted { $0.key < $1.key }.map { "\(jsonString($0)):\(jsonString($1))" }
    var entries = texts.isEmpty ? [] : ["\"__metadata__\":{\(texts.joined(separator: ","))}"]
    var offset = 0
    for tensor in tensors {
      let type: SafetensorsType =
        switch tensor.values {
        case .floats: .f32
        case .integers: .i64
        }
      let end = offset + tensor.values.count * type.byteCount
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      entries.append(
        "\(jsonString(tensor.name)):{\"dtype\":\"\(type.rawValue)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    return entries
  }
}
