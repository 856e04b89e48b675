/// The type of an array's numbers in NumPy's files, as its header writes it: `|u1`, `<i8`, `>f4`.
package struct NumPyType: Equatable, Sendable {
  package enum Kind: Character, Sendable {
    case boolean = "b"
    case signed = "i"
    case unsigned = "u"
    case float = "f"
    case complex = "c"
    case bytes = "S"
    case text = "U"
    case date = "M"
    case duration = "m"
    case void = "V"
    case object = "O"
  }

  package let kind: Kind
  /// Bytes of a number.
  package let size: Int
  package let isBigEndian: Bool

  package static let uint8 = NumPyType(kind: .unsigned, size: 1, isBigEndian: false)

  package init(kind: Kind, size: Int, isBigEndian: Bool) {
    (self.kind, self.size, self.isBigEndian) = (kind, size, isBigEndian && size > 1)
  }

  /// Nil where the text is no type.
  package init?(_ text: String) {
    var rest = Substring(text)
    guard let order = rest.popFirst(), "<>|=".contains(order), let letter = rest.popFirst(),
      let kind = Kind(rawValue: letter)
    else { return nil }
    // Dates have their unit behind the size: `<M8[ns]`.
    let digits = rest.prefix { $0 != "[" }
    guard digits.allSatisfy({ $0.isASCII && $0.isNumber }), let size = Int(digits.isEmpty ? "8" : digits),
      (0...1 << 20).contains(size), !digits.isEmpty || kind == .object
    else { return nil }
    // A character of a text has 4 bytes.
    self.init(kind: kind, size: kind == .text ? 4 * size : size, isBigEndian: order == ">")
  }

  /// Numbers without a fraction that 64 bits can hold, and booleans.
  package var isInteger: Bool {
    switch kind {
    case .boolean: size == 1
    case .signed, .unsigned: [1, 2, 4, 8].contains(size)
    default: false
    }
  }

  /// In NumPy's words, such as `uint8` or `float32, big-endian`.
  package var name: String {
    let name =
      switch kind {
      case .boolean: "bool"
      case .signed: "int\(8 * size)"
      case .unsigned: "uint\(8 * size)"
      case .float: "float\(8 * size)"
      case .complex: "complex\(8 * size)"
      case .bytes: "bytes"
      case .text: "text"
      case .date, .duration: "time"
      case .void: "void"
      case .object: "object"
      }
    return isBigEndian ? "\(name), big-endian" : name
  }
}
