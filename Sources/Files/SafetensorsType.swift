import Tensors

/// The types of numbers in safetensors files, by their names there.
package enum SafetensorsType: String, Sendable {
  case f64 = "F64"
  case f32 = "F32"
  case f16 = "F16"
  case bf16 = "BF16"
  case f8e4m3 = "F8_E4M3"
  case f8e5m2 = "F8_E5M2"
  case i64 = "I64"
  case i32 = "I32"
  case i16 = "I16"
  case i8 = "I8"
  case u64 = "U64"
  case u32 = "U32"
  case u16 = "U16"
  case u8 = "U8"
  case bool = "BOOL"

  /// Bytes of a number.
  package var byteCount: Int {
    switch self {
    case .f64, .i64, .u64: 8
    case .f32, .i32, .u32: 4
    case .f16, .bf16, .i16, .u16: 2
    case .f8e4m3, .f8e5m2, .i8, .u8, .bool: 1
    }
  }

  /// The numbers in `bytes`, which are a multiple of `byteCount`; nil for types that nothing here uses.
  func values(of bytes: RawSpan) -> NamedTensor.Values? {
    switch self {
    case .f64: .floats(convert(bytes) { (bits: UInt64) in Float(Double(bitPattern: bits)) })
    case .f32: .floats(convert(bytes) { (bits: UInt32) in Float(bitPattern: bits) })
    case .f16: .floats(convert(bytes) { (bits: UInt16) in Float(Float16(bitPattern: bits)) })
    case .bf16: .floats(convert(bytes) { (bits: UInt16) in Float(bitPattern: UInt32(bits) << 16) })
    case .i64: .integers(convert(bytes) { (bits: UInt64) in Int64(bitPattern: bits) })
    case .i32: .integers(convert(bytes) { (bits: UInt32) in Int64(Int32(bitPattern: bits)) })
    case .f8e4m3, .f8e5m2, .i16, .i8, .u64, .u32, .u16, .u8, .bool: nil
    }
  }
}

/// Reads little-endian numbers, wherever they lie.
private func convert<Bits: FixedWidthInteger & BitwiseCopyable, Number>(
  _ bytes: RawSpan, _ number: (Bits) -> Number
) -> [Number] {
  stride(from: 0, to: bytes.byteCount, by: MemoryLayout<Bits>.size).map {
    number(Bits(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: $0, as: Bits.self)))
  }
}
