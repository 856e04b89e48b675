// Values that hold no others, and the names of globals.
extension PickleMachine {
  mutating func plainValue(_ opcode: PickleOpcode) throws(FileError) -> PickleValue {
    switch opcode {
    case .newTrue: return .boolean(true)
    case .newFalse: return .boolean(false)
    case .binInt:
      let bits = try input.number(ofBytes: 4, of: "an integer")
      return .integer(Int(Int32(bitPattern: UInt32(bits))))
    case .binInt1: return .integer(Int(try input.number(ofBytes: 1, of: "an integer")))
    case .binInt2: return .integer(Int(try input.number(ofBytes: 2, of: "an integer")))
    case .long1: return integer(try input.counted(by: 1, of: "an integer"))
    case .long4: return integer(try input.counted(by: 4, of: "an integer"))
    case .binFloat:
      _ = try input.take(8, of: "a floating-point number")
      return .other("a floating-point number")
    case .shortBinUnicode: return try text(input.counted(by: 1, of: "a text"))
    case .binUnicode: return try text(input.counted(by: 4, of: "a text"))
    case .binUnicode8: return try text(input.counted(by: 8, of: "a text"))
    case .shortBinString: return oldText(try input.counted(by: 1, of: "a string"))
    case .binString: return oldText(try input.counted(by: 4, of: "a string"))
    case .shortBinBytes: return objects.bytes(try input.counted(by: 1, of: "bytes"))
    case .binBytes: return objects.bytes(try input.counted(by: 4, of: "bytes"))
    case .binBytes8: return objects.bytes(try input.counted(by: 8, of: "bytes"))
    default: return .none
    }
  }

  /// An integer in two's complement, little-endian, of no bytes for 0.
  private func integer(_ bytes: ArraySlice<UInt8>) -> PickleValue {
    guard bytes.count <= 8 else { return .longInteger(Array(bytes)) }
    let start = bytes.last.map { $0 >= 0x80 ? Int(-1) : 0 } ?? 0
    return .integer(bytes.reversed().reduce(start) { $0 << 8 | Int($1) })
  }

  private func text(_ bytes: ArraySlice<UInt8>) throws(FileError) -> PickleValue {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw error("a text in UTF-8", "\(bytes.count) bytes that are not")
    }
    return .text(text)
  }

  /// A string of Python 2, whose texts were bytes.
  private mutating func oldText(_ bytes: ArraySlice<UInt8>) -> PickleValue {
    String(validating: bytes, as: UTF8.self).map(PickleValue.text) ?? objects.bytes(bytes)
  }

  /// The global that an instruction names by two lines, module and name.
  mutating func global() throws(FileError) -> PickleGlobal {
    let module = try input.line(of: "a module's name")
    let name = try input.line(of: "a global's name")
    return try global(String(decoding: module, as: UTF8.self), String(decoding: name, as: UTF8.self))
  }

  /// The global of module and name from the stack.
  func global(_ names: [PickleValue]) throws(FileError) -> PickleGlobal {
    guard case .text(let module) = names[0], case .text(let name) = names[1] else {
      throw error("the names of a module and a global", "\(names[0].kind) and \(names[1].kind)")
    }
    return try global(module, name)
  }

  private func global(_ module: String, _ name: String) throws(FileError) -> PickleGlobal {
    let full = "\(module).\(name)"
    guard let global = PickleGlobal(full, in: content) else {
      throw error(expected, escaped(full), hint: hint(of: module))
    }
    return global
  }

  private func hint(of module: String) -> String? {
    switch module.split(separator: ".").first {
    case "__torch__": "this is a TorchScript program; torch.save its state_dict() instead"
    case "os", "posix", "nt", "subprocess", "sys", "builtins", "__builtin__", "socket", "shutil", "runpy":
      "loading it in Python would run a program"
    default: content == .tensors ? "in Python, torch.save the model's state_dict() alone" : nil
    }
  }
}
