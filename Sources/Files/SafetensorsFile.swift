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
    /// Its bytes, in the file.
    package let range: Range<Int>
  }

  package let path: String
  package let metadata: [String: String]
  /// In the order of their numbers in the file.
  package let tensors: [Tensor]
  package let bytes: [UInt8]

  /// A header is at most this long, as in the format's own implementation.
  private static let longestHeader = 100_000_000

  /// - Throws: `FileError` when the file cannot be read or its header is wrong in any respect.
  package init(path: String) throws(FileError) {
    try self.init(bytes: try readFile(path, as: "a readable safetensors file"), path: path)
  }

  /// - Parameter path: for messages.
  package init(bytes: [UInt8], path: String) throws(FileError) {
    self.path = path
    let header = try Self.header(of: bytes, path)
    let root: JSONValue
    do {
      root = try JSONValue(bytes[header])
    } catch {
      throw FileError(
        path, expected: "a JSON header", found: "\(error)", hint: "this is no safetensors file, or damaged")
    }
    guard case .object(let members) = root else {
      throw FileError(path, expected: "a JSON object as header", found: root.kind)
    }
    var tensors: [Tensor] = []
    var metadata: [String: String] = [:]
    let data = header.upperBound..<bytes.count
    for (key, value) in members {
      if key == "__metadata__" {
        metadata = try Self.metadata(value, path)
      } else {
        tensors.append(try TensorEntry(key, value, path).tensor(in: data, path))
      }
    }
    tensors.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
    try Self.check(tensors, cover: data, path)
    self.metadata = metadata
    self.tensors = tensors
    self.bytes = bytes
  }

  /// Where the header lies.
  private static func header(of bytes: [UInt8], _ path: String) throws(FileError) -> Range<Int> {
    guard bytes.count >= 8 else {
      throw FileError(
        path, expected: "a safetensors file, which begins with the 8 bytes of a length",
        found: "\(bytes.count) bytes")
    }
    let length = bytes[0..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= min(bytes.count - 8, longestHeader) else {
      throw FileError(
        path, expected: "a header of \(length) bytes, as its first 8 bytes say",
        found: "\(bytes.count - 8) bytes behind them",
        hint: "this is no safetensors file, or it is truncated")
    }
    return 8..<8 + Int(length)
  }

  private static func metadata(_ value: JSONValue, _ path: String) throws(FileError) -> [String: String] {
    guard case .object(let members) = value else {
      throw FileError(path, expected: "__metadata__ to be an object of texts", found: value.kind)
    }
    var metadata: [String: String] = [:]
    for (key, value) in members {
      guard case .string(let text) = value else {
        throw FileError(path, expected: "__metadata__ to have a text for \"\(key)\"", found: value.kind)
      }
      metadata[key] = text
    }
    return metadata
  }

  /// Every byte of the data belongs to one tensor.
  private static func check(_ tensors: [Tensor], cover data: Range<Int>, _ path: String) throws(FileError) {
    var end = data.lowerBound
    for tensor in tensors {
      guard tensor.range.lowerBound == end else {
        throw FileError(
          path,
          expected: "tensor \"\(tensor.name)\" to begin at byte \(end - data.lowerBound) of the data, where "
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
        path, expected: "tensor \"\(tensor.name)\" of a type that can be read",
        found: tensor.type.rawValue, hint: "convert it to F32")
    }
    return NamedTensor(tensor.name, tensor.shape, values)
  }
}

/// What the header says of a tensor.
private struct TensorEntry {
  private let name: String
  private let type: SafetensorsType
  private let shape: [Int]
  /// First byte in the data, and the one behind the last.
  private let offsets: [Int]

  init(_ name: String, _ value: JSONValue, _ path: String) throws(FileError) {
    func wrong(_ expected: String, _ found: String) -> FileError {
      FileError(path, expected: "tensor \"\(name)\" to have \(expected)", found: found)
    }
    guard case .object(let members) = value else { throw wrong("type, shape and offsets", value.kind) }
    var (type, shape, offsets): (SafetensorsType?, [Int]?, [Int]?) = (nil, nil, nil)
    for (key, value) in members {
      switch (key, value) {
      case ("dtype", .string(let text)):
        type = SafetensorsType(rawValue: text)
        if type == nil { throw wrong("a known type, such as F32", "\"\(text)\"") }
      case ("shape", .array(let sizes)): shape = Self.sizes(sizes)
      case ("data_offsets", .array(let places)): offsets = Self.sizes(places)
      default: throw wrong("dtype, shape and data_offsets", "\"\(key)\": \(value.kind)")
      }
    }
    guard let type else { throw wrong("a type", "none") }
    guard let shape else { throw wrong("a shape of whole numbers of at least 0", "something else") }
    guard let offsets, offsets.count == 2, offsets[0] <= offsets[1] else {
      throw wrong("data_offsets of begin and end", "something else")
    }
    self.name = name
    self.type = type
    self.shape = shape
    self.offsets = offsets
  }

  /// Whole numbers of at least 0, or nil.
  private static func sizes(_ values: [JSONValue]) -> [Int]? {
    var sizes: [Int] = []
    for value in values {
      guard case .integer(let size) = value, size >= 0 else { return nil }
      sizes.append(size)
    }
    return sizes
  }

  /// Places it in the file, whose data is `data`.
  func tensor(in data: Range<Int>, _ path: String) throws(FileError) -> SafetensorsFile.Tensor {
    guard offsets[1] <= data.count else {
      throw FileError(
        path, expected: "tensor \"\(name)\" to end at byte \(offsets[1]) of the data, as its header says",
        found: "\(data.count) bytes of data", hint: "the file is truncated or damaged")
    }
    var (size, overflow) = (type.byteCount, false)
    for length in shape where !overflow { (size, overflow) = size.multipliedReportingOverflow(by: length) }
    guard !overflow, size == offsets[1] - offsets[0] else {
      throw FileError(
        path, expected: "tensor \"\(name)\" to have the bytes of \(type.rawValue) in shape \(shape)",
        found: "\(offsets[1] - offsets[0])")
    }
    return SafetensorsFile.Tensor(
      name: name, type: type, shape: shape,
      range: data.lowerBound + offsets[0]..<data.lowerBound + offsets[1])
  }
}
