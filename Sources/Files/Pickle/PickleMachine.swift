/// Python's pickle machine without its dangers: it builds tensors or arrays in containers of plain values, names
/// nothing but what `PickleGlobal` lists, and refuses every other instruction.
///
/// A value is pushed by an instruction of at least one byte and none holds others, so memory and time are
/// proportional to the pickle's length. PyTorch's twin is torch/_weights_only_unpickler.py.
struct PickleMachine {
  var input: PickleInput
  var objects = PickleObjects()
  /// The first byte of the instruction that is carried out.
  private(set) var offset: Int
  private var stack: [PickleValue] = []
  /// Heights of the stack at the marks set.
  private var marks: [Int] = []
  private var memo: [UInt64: PickleValue] = [:]
  /// Pairs of keys and values that lists gave to dictionaries.
  private var pairs = 0
  /// Bytes that were copied from texts.
  private var copied = 0

  private var instructions = 0

  /// As many instructions as hundred thousand tensors take, so that a small archive does not fill the memory.
  private static let most = 1 << 22

  let content: PickleContent

  var expected: String { content.expected }

  init(_ input: PickleInput, of content: PickleContent = .tensors) {
    (self.input, self.content) = (input, content)
    offset = input.position
  }

  /// Carries out the next pickle of `input`.
  mutating func load() throws(FileError) -> PickleValue {
    input.beginAnother()
    stack.removeAll()
    marks.removeAll()
    memo.removeAll()
    while true {
      instructions += 1
      guard instructions <= Self.most else {
        throw error("at most \(Self.most) instructions", "more")
      }
      offset = input.position
      let byte = try input.byte(of: "an instruction")
      guard let opcode = PickleOpcode(rawValue: byte) else {
        let name = refusedPickleOpcodes[byte] ?? "byte \(byte)"
        throw error(expected, "the pickle instruction \(name)")
      }
      if opcode == .stop { return try pop() }
      try carryOut(opcode)
    }
  }

  func error(_ expected: String, _ found: String, hint: String? = nil) -> FileError {
    input.error(at: offset, expected: expected, found: found, hint: hint)
  }

  private mutating func carryOut(_ opcode: PickleOpcode) throws(FileError) {
    switch opcode {
    case .proto: try checkProtocol()
    case .frame: try checkFrame()
    case .stop: break
    case .mark: marks.append(stack.count)
    case .pop: _ = try pop()
    case .none, .newTrue, .newFalse, .binInt, .binInt1, .binInt2, .long1, .long4, .binFloat, .binUnicode,
      .shortBinUnicode, .binUnicode8, .binString, .shortBinString, .binBytes, .shortBinBytes, .binBytes8:
      try stack.append(plainValue(opcode))
    case .byteArray8:
      guard content == .arrays else { throw error(expected, "the pickle instruction BYTEARRAY8") }
      try stack.append(plainValue(.binBytes8))
    case .emptyTuple: stack.append(objects.tuple([]))
    case .tuple1: try pushTuple(1)
    case .tuple2: try pushTuple(2)
    case .tuple3: try pushTuple(3)
    case .tuple: try stack.append(objects.tuple(popToMark()))
    case .emptyList: stack.append(objects.list())
    case .append: try extendList([pop()])
    case .appends: try extendList(popToMark())
    case .emptyDict: stack.append(objects.dictionary())
    case .setItem: try setItems(pop(2))
    case .setItems: try setItems(popToMark())
    case .binGet: try recall(input.number(ofBytes: 1, of: "a memo's place"))
    case .longBinGet: try recall(input.number(ofBytes: 4, of: "a memo's place"))
    case .binPut: try memorize(input.number(ofBytes: 1, of: "a memo's place"))
    case .longBinPut: try memorize(input.number(ofBytes: 4, of: "a memo's place"))
    case .memoize: try memorize(UInt64(memo.count))
    case .global: try stack.append(.global(global()))
    case .stackGlobal: try stack.append(.global(global(pop(2))))
    case .reduce:
      let call = try pop(2)
      try stack.append(self.call(call[0], call[1]))
    case .build: try build()
    case .binPersID: try stack.append(persistent(pop()))
    }
  }

  private mutating func checkProtocol() throws(FileError) {
    let number = try input.byte(of: "a protocol's number")
    guard (2...5).contains(number) else { throw error("a pickle of protocol 2 to 5", "\(number)") }
  }

  /// A frame says how much may be read ahead, which needs nothing here.
  private mutating func checkFrame() throws(FileError) {
    let count = try input.number(ofBytes: 8, of: "a frame's length")
    guard count <= UInt64(input.bytes.count - input.position) else {
      throw error("a frame of \(count) bytes", "\(input.bytes.count - input.position)", hint: damageHint)
    }
  }
}

let damageHint = "the file is truncated or damaged"

// MARK: - The stack

extension PickleMachine {
  /// Takes the topmost value, which lies above the last mark.
  private mutating func pop() throws(FileError) -> PickleValue {
    guard stack.count > marks.last ?? 0 else { throw error("a value on the stack", "none", hint: damageHint) }
    return stack.removeLast()
  }

  /// Takes the topmost values, in the order of their pushing.
  private mutating func pop(_ count: Int) throws(FileError) -> [PickleValue] {
    guard stack.count - (marks.last ?? 0) >= count else {
      throw error("\(count) values on the stack", "\(stack.count - (marks.last ?? 0))", hint: damageHint)
    }
    defer { stack.removeLast(count) }
    return Array(stack[(stack.count - count)...])
  }

  private mutating func popToMark() throws(FileError) -> [PickleValue] {
    guard let mark = marks.popLast() else { throw error("a mark on the stack", "none", hint: damageHint) }
    defer { stack.removeLast(stack.count - mark) }
    return Array(stack[mark...])
  }

  private func top() throws(FileError) -> PickleValue {
    guard stack.count > marks.last ?? 0, let top = stack.last else {
      throw error("a value on the stack", "none", hint: damageHint)
    }
    return top
  }

  private mutating func pushTuple(_ count: Int) throws(FileError) {
    try stack.append(objects.tuple(pop(count)))
  }

  private mutating func extendList(_ values: [PickleValue]) throws(FileError) {
    let target = try top()
    guard case .list(let list) = target else { throw error("a list to append to", target.kind) }
    objects.sequences[list] += values
  }

  private mutating func setItems(_ values: [PickleValue]) throws(FileError) {
    let target = try top()
    guard case .dictionary(let dictionary) = target else {
      throw error("a dictionary to put values into", target.kind)
    }
    guard values.count.isMultiple(of: 2) else { throw error("a value for each key", "a key without one") }
    for index in stride(from: 0, to: values.count, by: 2) {
      objects.dictionaries[dictionary].append((values[index], values[index + 1]))
    }
  }

  /// Counts pairs that are copied from a list, which has them from elsewhere in the pickle once: lists that are
  /// copied over and over would take time that grows with the square of the pickle's length.
  mutating func charge(pairs count: Int) throws(FileError) {
    pairs += count
    guard pairs <= input.bytes.count else {
      throw error("each pair of keys and values once", "lists used often")
    }
  }

  /// Counts bytes that are copied from texts, which may be in the memo, in the same way.
  mutating func charge(bytes count: Int) throws(FileError) {
    copied += count
    guard copied <= input.bytes.count else { throw error("the bytes of each array once", "texts used often") }
  }

  /// Attributes of a dictionary, as `_metadata` of a model's state, are dropped. Types and arrays of NumPy's get what
  /// they are by them; no other value may get any.
  private mutating func build() throws(FileError) {
    let state = try pop()
    switch try top() {
    case .dictionary: break
    case .numberType(let type): try complete(type: type, state)
    case .array(let array): try fill(array: array, state)
    case let other: throw error(expected, "attributes given to \(other.kind)")
    }
  }

  private mutating func memorize(_ place: UInt64) throws(FileError) { memo[place] = try top() }

  private mutating func recall(_ place: UInt64) throws(FileError) {
    guard let value = memo[place] else {
      throw error("a value in the memo's place \(place)", "none", hint: damageHint)
    }
    stack.append(value)
  }
}
