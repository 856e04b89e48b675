import Tensors

/// The types of numbers in PyTorch's files, by the names of their storages there.
enum PyTorchType: String, CaseIterable, Sendable {
  case double = "Double"
  case float = "Float"
  case half = "Half"
  case bfloat16 = "BFloat16"
  case long = "Long"
  case int = "Int"
  case short = "Short"
  case char = "Char"
  case byte = "Byte"
  case bool = "Bool"

  /// The class that pickles name, such as `torch.FloatStorage`.
  var storage: String { "torch.\(rawValue)Storage" }

  /// Bytes of a number.
  var byteCount: Int {
    switch self {
    case .double, .long: 8
    case .float, .int: 4
    case .half, .bfloat16, .short: 2
    case .char, .byte, .bool: 1
    }
  }

  /// The numbers of a view of a storage, row-major: floating-point types as `Float`, which rounds doubles, and
  /// the others as 64-bit integers, with 0 and 1 for booleans.
  ///
  /// - Parameter bytes: the storage's, as many as the view was checked against.
  func values(of view: TensorView, in bytes: RawSpan) -> NamedTensor.Values {
    switch self {
    case .double: .floats(view.gather(bytes) { (bits: UInt64) in Float(Double(bitPattern: bits)) })
    case .float: .floats(view.gather(bytes) { (bits: UInt32) in Float(bitPattern: bits) })
    case .half: .floats(view.gather(bytes) { (bits: UInt16) in Float(Float16(bitPattern: bits)) })
    case .bfloat16: .floats(view.gather(bytes) { (bits: UInt16) in Float(bitPattern: UInt32(bits) << 16) })
    case .long: .integers(view.gather(bytes) { (bits: UInt64) in Int64(bitPattern: bits) })
    case .int: .integers(view.gather(bytes) { (bits: UInt32) in Int64(Int32(bitPattern: bits)) })
    case .short: .integers(view.gather(bytes) { (bits: UInt16) in Int64(Int16(bitPattern: bits)) })
    case .char: .integers(view.gather(bytes) { (bits: UInt8) in Int64(Int8(bitPattern: bits)) })
    case .byte: .integers(view.gather(bytes) { (bits: UInt8) in Int64(bits) })
    case .bool: .integers(view.gather(bytes) { (bits: UInt8) in bits == 0 ? 0 : 1 })
    }
  }
}
