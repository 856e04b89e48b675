/// An array of NumPy's as a file has it: its numbers' type, its sizes and its bytes.
package struct NumPyArray {
  package let type: NumPyType
  /// Sizes of the dimensions.
  package let shape: [Int]
  /// Numbers are in the order of the last index first (C), or of the first one first (Fortran).
  package let isFortran: Bool
  /// As many as type and shape tell.
  package let bytes: ArraySlice<UInt8>

  /// - Parameter place: of the array, for messages.
  /// - Throws: where there are not as many bytes as type and shape tell.
  package init(
    _ type: NumPyType, shape: [Int], isFortran: Bool, bytes: ArraySlice<UInt8>, place: String
  ) throws(FileError) {
    var (count, overflow) = (type.size, false)
    for size in shape where !overflow { (count, overflow) = count.multipliedReportingOverflow(by: size) }
    guard !overflow, count == bytes.count else {
      let sizes = shape.map(String.init).joined(separator: " x ")
      throw FileError(
        place, expected: "\(shape.isEmpty ? "1" : sizes) numbers of \(type.size) bytes, as its header says",
        found: "\(bytes.count) bytes", hint: damageHint)
    }
    (self.type, self.shape, self.isFortran, self.bytes) = (type, shape, isFortran, bytes)
  }

  /// The whole numbers in C's order; nil where its numbers are others, or one does not fit.
  package var integers: [Int]? {
    guard type.isInteger else { return nil }
    let isSigned = type.kind == .signed
    let isSwapped = type.isBigEndian
    func number<Bits: FixedWidthInteger>(_ bits: Bits) -> Int {
      let bits = isSwapped ? bits.byteSwapped : bits
      let shift = 64 - Bits.bitWidth
      let wide = UInt64(truncatingIfNeeded: bits) << UInt64(shift)
      return isSigned
        ? Int(Int64(bitPattern: wide) >> Int64(shift)) : Int(bitPattern: UInt(wide >> UInt64(shift)))
    }
    let view = view
    let span = bytes.span
    let raw = span.bytes
    let integers: [Int] =
      switch type.size {
      case 1: view.gather(raw) { (bits: UInt8) in number(bits) }
      case 2: view.gather(raw) { (bits: UInt16) in number(bits) }
      case 4: view.gather(raw) { (bits: UInt32) in number(bits) }
      default: view.gather(raw) { (bits: UInt64) in number(bits) }
      }
    // Of numbers without a sign only those of 64 bits can be too large, which makes them negative.
    return !isSigned && integers.contains { $0 < 0 } ? nil : integers
  }

  /// Adds bytes to an array, in C's order. They are of type uint8.
  package func append(to target: inout [UInt8]) {
    precondition(type == .uint8, "bytes of \(type.name)")
    if !isFortran || shape.count < 2 {
      target += bytes
      return
    }
    let view = view
    let span = bytes.span
    let raw = span.bytes
    target += view.gather(raw) { (bits: UInt8) in bits }
  }

  private var view: TensorView { TensorView(whole: shape, isFortran: isFortran) }
}
