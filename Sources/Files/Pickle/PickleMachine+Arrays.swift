// How NumPy's arrays are pickled: a function makes an empty one, which then gets shape, type and bytes. Source:
// numpy/core/src/multiarray/methods.c, array_reduce and array_setstate; descriptor.c, arraydescr_reduce.
extension PickleMachine {
  mutating func callOfArrays(
    _ global: PickleGlobal, _ values: [PickleValue]
  ) throws(FileError) -> PickleValue {
    switch global {
    case .reconstruct:
      // The class, the shape (0,) and the type `b`, none of which stays.
      guard values.count == 3, case .global(.array) = values[0] else { throw wrong(values, for: global) }
      objects.arrays.append(nil)
      return .array(objects.arrays.count - 1)
    case .fromBuffer:
      // The bytes, their type, the shape, and C or F for the order.
      guard values.count == 4, let bytes = try bytes(values[0]), case .numberType(let type) = values[1],
        case .tuple(let shape) = values[2], let order = shortText(values[3]), ["C", "F"].contains(order)
      else { throw wrong(values, for: global) }
      objects.arrays.append(try array(type, shape, isFortran: order == "F", bytes))
      return .array(objects.arrays.count - 1)
    case .numberType:
      // A type such as `u1`, and whether to align and to copy.
      guard values.count == 3, let text = shortText(values[0]), let type = NumPyType("|\(text)") else {
        throw wrong(values, for: global)
      }
      objects.numberTypes.append(type)
      return .numberType(objects.numberTypes.count - 1)
    default:
      guard values.count == 2, case .text(let text) = values[0], let coding = shortText(values[1]),
        ["latin1", "latin-1"].contains(coding)
      else { throw wrong(values, for: global) }
      return try encoded(text)
    }
  }

  /// A text of a few letters, as names of types are; nil for all else.
  private func shortText(_ value: PickleValue) -> String? {
    switch value {
    case .text(let text) where text.utf8.count < 32: text
    case .bytes(let index) where objects.byteStrings[index].count < 32:
      String(validating: objects.byteStrings[index], as: UTF8.self)
    default: nil
    }
  }

  private mutating func encoded(_ text: String) throws(FileError) -> PickleValue {
    try charge(bytes: text.utf8.count)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      guard let byte = UInt8(exactly: scalar.value) else {
        throw error("characters of Latin-1", shown(String(scalar)))
      }
      bytes.append(byte)
    }
    return objects.bytes(bytes[...])
  }

  /// The state of a type: version, byte order, and what plain numbers do not have.
  mutating func complete(type index: Int, _ state: PickleValue) throws(FileError) {
    let type = objects.numberTypes[index]
    guard case .tuple(let tuple) = state, objects.sequences[tuple].count >= 5,
      case let values = objects.sequences[tuple], let order = shortText(values[1]),
      ["<", ">", "|", "="].contains(order), case .none = values[2], case .none = values[3],
      case .none = values[4], type.kind != .object
    else {
      throw error("a type of plain numbers", type.kind == .object ? "one of Python objects" : "another")
    }
    objects.numberTypes[index] = NumPyType(kind: type.kind, size: type.size, isBigEndian: order == ">")
  }

  /// The state of an array: version, shape, type, whether it is in Fortran's order, and its bytes.
  mutating func fill(array index: Int, _ state: PickleValue) throws(FileError) {
    guard objects.arrays[index] == nil else { throw error("an array's contents once", "them again") }
    guard case .tuple(let tuple) = state, objects.sequences[tuple].count == 5,
      case let values = objects.sequences[tuple], case .tuple(let shape) = values[1],
      case .numberType(let type) = values[2], let bytes = try bytes(values[4])
    else { throw error("an array's shape, type and bytes", state.kind) }
    let isFortran =
      switch values[3] {
      case .boolean(let value): value
      case .integer(let value): value != 0
      default: throw error("whether an array is in Fortran's order", values[3].kind)
      }
    objects.arrays[index] = try array(type, shape, isFortran: isFortran, bytes)
  }

  private func array(
    _ type: Int, _ shape: Int, isFortran: Bool, _ bytes: ArraySlice<UInt8>
  ) throws(FileError) -> NumPyArray {
    var sizes: [Int] = []
    for value in objects.sequences[shape] {
      guard case .integer(let size) = value, size >= 0 else { throw error("sizes of at least 0", value.kind) }
      sizes.append(size)
    }
    guard sizes.count <= 64 else { throw error("at most 64 dimensions", "\(sizes.count)") }
    return try NumPyArray(
      objects.numberTypes[type], shape: sizes, isFortran: isFortran, bytes: bytes,
      place: "\(input.place), byte \(offset)")
  }

  /// Bytes, or those of a string of Python 2, which a text may have been taken for.
  private mutating func bytes(_ value: PickleValue) throws(FileError) -> ArraySlice<UInt8>? {
    switch value {
    case .bytes(let index): return objects.byteStrings[index]
    case .text(let text):
      try charge(bytes: text.utf8.count)
      return Array(text.utf8)[...]
    default: return nil
    }
  }
}
