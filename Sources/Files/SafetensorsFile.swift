import Tensors

/// A file of named tensors, as PyTorch and the tools around it read and write them:
///
///     length of the header (8 bytes, little-endian), the header (JSON), the numbers of all tensors
///
/// The header gives each tensor's type, shape and place among the numbers, and a dictionary of texts called
/// `__metadata__`. Source: <https://huggingface.co/docs/safetensors>, *Format*.
package struct SafetensorsFile: Sendable {
  package struct Tensor: Sendable, Equatable {
    package let name: String
    package let type: SafetensorsType
    package let shape: [Int]
    /// The place of its numbers among the file's bytes.
    package let range: Range<Int>
  }

  package let path: String
  package let metadata: [String: String]
  /// The tensors in the order of their numbers in the file.
  package let tensors: [Tensor]
  package let bytes: [UInt8]

  /// The most bytes that a header may have, as in the format's own implementation.
  private static let longestHeader = 100_000_000

  /// - Throws: `FileError` when the file cannot be read or its header is wrong in any respect.
  package init(path: String) throws(FileError) {
    try self.init(bytes: try readFile(path, as: "a readable safetensors file"), path: path)
  }

  /// - Parameter path: for messages.
  package init(bytes: [UInt8], path: String) throws(FileError) {
    self.path = path
    let header = try Self.header(of: bytes, path)
    let found = try decodeJSON(
      SafetensorsHeader.self, from: Array(bytes[header]), path: "\(path), header", as: "a safetensors header")
    let data = header.upperBound..<bytes.count
    var tensors: [Tensor] = []
    for (name, entry) in found.entries { tensors.append(try entry.tensor(name, in: data, path)) }
    tensors.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
    try Self.check(tensors, cover: data, path)
    metadata = found.metadata
    self.tensors = tensors
    self.bytes = bytes
  }

  /// Finds the header, which is at the file's beginning and a JSON object.
  private static func header(of bytes: [UInt8], _ path: String) throws(FileError) -> Range<Int> {
    let length = bytes.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let isThere = bytes.count >= 8 && length <= min(bytes.count - 8, longestHeader)
    if isThere, length > 0, bytes[8] == UInt8(ascii: "{") { return 8..<8 + Int(length) }
    // Behind a length and a brace is a damaged safetensors file, even if the length looks like another kind.
    if bytes.count < 9 || bytes[8] != UInt8(ascii: "{"), let kind = FileKind(of: bytes) {
      throw FileError(path, expected: "a safetensors file", found: kind.name, hint: conversion(of: kind))
    }
    guard bytes.count >= 8 else {
      throw FileError(
        path, expected: "a safetensors file, which begins with the 8 bytes of a length",
        found: "\(bytes.count) bytes")
    }
    throw FileError(
      path, expected: "a header of \(length) bytes, as its first 8 bytes say",
      found: isThere ? "something else than JSON" : "\(bytes.count - 8) bytes behind them",
      hint: "this is no safetensors file, or it is truncated")
  }

  /// How the weights in a file of another kind become a safetensors file.
  private static func conversion(of kind: FileKind) -> String? {
    switch kind.name {
    case "a PyTorch file", "a PyTorch file of an old format", "a Python pickle":
      "import it first: `cnn-mpi import`"
    case "a NumPy .npz archive", "a NumPy .npy file", "an HDF5 file":
      "load it in Python and save its arrays by safetensors.numpy.save_file"
    default: kind.hint
    }
  }

  /// Every byte of the data belongs to one tensor.
  private static func check(_ tensors: [Tensor], cover data: Range<Int>, _ path: String) throws(FileError) {
    var end = data.lowerBound
    for tensor in tensors {
      guard tensor.range.lowerBound == end else {
        throw FileError(
          path,
          expected:
            "tensor \(shown(tensor.name)) to begin at byte \(end - data.lowerBound) of the data, where "
            + "the one before ends", found: "byte \(tensor.range.lowerBound - data.lowerBound)")
      }
      end = tensor.range.upperBound
    }
    guard end == data.upperBound else {
      throw FileError(
        path, expected: "\(end - data.lowerBound) bytes of data, as the header says", found: "\(data.count)")
    }
  }
}

extension SafetensorsFile {
  /// The tensors whose names fulfil `condition`, read: floating-point types as `Float`, which rounds F64, and
  /// integers as 64 bits.
  ///
  /// - Throws: `FileError` for a type that is neither.
  package func load(where condition: (String) -> Bool = { _ in true }) throws(FileError) -> [NamedTensor] {
    var loaded: [NamedTensor] = []
    for tensor in tensors where condition(tensor.name) { loaded.append(try load(tensor)) }
    return loaded
  }

  package func load(_ tensor: Tensor) throws(FileError) -> NamedTensor {
    guard let values = tensor.type.values(of: bytes.span.bytes.extracting(tensor.range)) else {
      throw FileError(
        path, expected: "tensor \(shown(tensor.name)) of a type that can be read",
        found: tensor.type.rawValue, hint: "convert it to F32")
    }
    return NamedTensor(tensor.name, tensor.shape, values)
  }
}

/// The header of a safetensors file: what `__metadata__` holds, which may be null or left out, and an entry for
/// each tensor.
private struct SafetensorsHeader: Decodable {
  /// What the header says of a tensor.
  struct Entry: Decodable {
    let type: String
    let shape: [Int]
    /// The tensor's first byte in the data, and the one behind its last.
    let offsets: [Int]

    private enum CodingKeys: String, CodingKey {
      case type = "dtype"
      case shape
      case offsets = "data_offsets"
    }
  }

  private(set) var metadata: [String: String] = [:]
  private(set) var entries: [String: Entry] = [:]

  init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: AnyKey.self)
    for key in keys.allKeys {
      if key.stringValue == "__metadata__" {
        metadata = try keys.decodeIfPresent([String: String].self, forKey: key) ?? [:]
      } else {
        entries[key.stringValue] = try keys.decode(Entry.self, forKey: key)
      }
    }
  }
}

extension SafetensorsHeader.Entry {
  /// Places the tensor in the file, whose data is `data`.
  fileprivate func tensor(
    _ name: String, in data: Range<Int>, _ path: String
  ) throws(FileError) -> SafetensorsFile.Tensor {
    func wrong(_ expected: String, _ found: String, hint: String? = nil) -> FileError {
      FileError(path, expected: "tensor \(shown(name)) to have \(expected)", found: found, hint: hint)
    }
    guard let type = SafetensorsType(rawValue: type) else {
      throw wrong("a known type, such as F32", shown(type))
    }
    guard shape.allSatisfy({ $0 >= 0 }) else { throw wrong("a shape of sizes of at least 0", "\(shape)") }
    guard offsets.count == 2, offsets[0] >= 0, offsets[0] <= offsets[1] else {
      throw wrong("data_offsets of begin and end", "\(offsets)")
    }
    guard offsets[1] <= data.count else {
      throw wrong(
        "its end at byte \(offsets[1]) of the data", "\(data.count) bytes of data",
        hint: "the file is truncated or damaged")
    }
    var (size, overflow) = (type.byteCount, false)
    for length in shape where !overflow { (size, overflow) = size.multipliedReportingOverflow(by: length) }
    guard !overflow, size == offsets[1] - offsets[0] else {
      throw wrong("the bytes of \(type.rawValue) in shape \(shape)", "\(offsets[1] - offsets[0])")
    }
    return SafetensorsFile.Tensor(
      name: name, type: type, shape: shape,
      range: data.lowerBound + offsets[0]..<data.lowerBound + offsets[1])
  }
}
