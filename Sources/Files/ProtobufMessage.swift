/// A message in the wire format of protocol buffers, built field by field.
///
/// A field is a key, `number << 3 | wire type`, and a value: a varint (0), 8 bytes (1), bytes behind their
/// length (2) or 4 bytes (5), little-endian. <https://protobuf.dev/programming-guides/encoding>
package struct ProtobufMessage {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  package mutating func add(_ field: Int, _ value: Int64) {
    addKey(field, 0)
    addVarint(UInt64(bitPattern: value))
  }

  package mutating func add(_ field: Int, _ value: Double) {
    addKey(field, 1)
    addLittleEndian(value.bitPattern)
  }

  package mutating func add(_ field: Int, _ value: Float) {
    addKey(field, 5)
    addLittleEndian(value.bitPattern)
  }

  package mutating func add(_ field: Int, _ text: String) { add(field, Array(text.utf8)) }

  package mutating func add(_ field: Int, _ message: ProtobufMessage) { add(field, message.bytes) }

  /// A repeated field, packed.
  package mutating func add(_ field: Int, _ values: [Double]) {
    addStart(of: field, byteCount: 8 * values.count)
    for value in values { addLittleEndian(value.bitPattern) }
  }

  private mutating func add(_ field: Int, _ content: [UInt8]) {
    addStart(of: field, byteCount: content.count)
    bytes += content
  }

  /// The start of a field whose content, a message or bytes, follows from elsewhere: numbers that are not to
  /// be copied, for example.
  package mutating func addStart(of field: Int, byteCount: Int) {
    addKey(field, 2)
    addVarint(UInt64(byteCount))
  }

  private mutating func addKey(_ field: Int, _ wireType: Int) { addVarint(UInt64(field << 3 | wireType)) }

  /// Seven bits a byte, the lowest first; the top bit says that more follow.
  private mutating func addVarint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  private mutating func addLittleEndian(_ bits: some FixedWidthInteger) { bytes.append(littleEndian: bits) }
}

extension [UInt8] {
  package mutating func append(littleEndian value: some FixedWidthInteger) {
    for shift in stride(from: 0, to: value.bitWidth, by: 8) {
      append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }
}
