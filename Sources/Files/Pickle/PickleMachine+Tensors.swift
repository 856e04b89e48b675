// What pickles call: functions that make containers, storages and tensors.
extension PickleMachine {
  mutating func call(_ function: PickleValue, _ arguments: PickleValue) throws(FileError) -> PickleValue {
    guard case .global(let global) = function else {
      throw error(expected, "a call of \(function.kind)")
    }
    guard case .tuple(let tuple) = arguments else {
      throw error("a tuple of arguments for \(global.name)", arguments.kind)
    }
    let values = objects.sequences[tuple]
    switch global {
    case .orderedDictionary: return try orderedDictionary(values)
    case .counter: return .other("a counter")
    case .size:
      guard values.count == 1, case .tuple = values[0] else { throw wrong(values, for: global) }
      return values[0]
    case .rebuildTensor:
      guard values.count == 4 else { throw wrong(values, for: global) }
      return try tensor(values)
    case .rebuildTensorV2:
      guard (6...7).contains(values.count) else { throw wrong(values, for: global) }
      if values.count == 7 { try checkMetadata(values[6]) }
      return try tensor(values)
    case .rebuildParameter:
      guard values.count == 3, case .tensor = values[0] else { throw wrong(values, for: global) }
      return values[0]
    case .reconstruct, .fromBuffer, .numberType, .encode: return try callOfArrays(global, values)
    case .storage, .array: throw error(expected, "a call of \(global.name)")
    }
  }

  func wrong(_ values: [PickleValue], for global: PickleGlobal) -> FileError {
    let kinds = values.prefix(8).map(\.kind).joined(separator: ", ")
    return error("the arguments of \(global.name)", "\(values.count) of them: (\(kinds))")
  }

  /// Python 3 fills the dictionary later, Python 2 gives a list of pairs.
  private mutating func orderedDictionary(_ arguments: [PickleValue]) throws(FileError) -> PickleValue {
    guard let pairs = arguments.first else { return objects.dictionary() }
    guard arguments.count == 1, case .list(let list) = pairs else {
      throw wrong(arguments, for: .orderedDictionary)
    }
    try charge(pairs: objects.sequences[list].count)
    var entries: [(key: PickleValue, value: PickleValue)] = []
    for pair in objects.sequences[list] {
      guard case .list(let index) = pair.asList, objects.sequences[index].count == 2 else {
        throw error("pairs of keys and values", pair.kind)
      }
      entries.append((objects.sequences[index][0], objects.sequences[index][1]))
    }
    objects.dictionaries.append(entries)
    return .dictionary(objects.dictionaries.count - 1)
  }

  /// Bits of a tensor that say that its numbers are to be negated or conjugated.
  private func checkMetadata(_ value: PickleValue) throws(FileError) {
    if case .none = value { return }
    guard case .dictionary(let index) = value, objects.dictionaries[index].isEmpty else {
      throw error("a tensor of numbers as they are", "one with metadata", hint: "save its clone()")
    }
  }

  /// - Parameter values: storage, offset, sizes, strides, and what does not matter here.
  private mutating func tensor(_ values: [PickleValue]) throws(FileError) -> PickleValue {
    guard case .storage(let storage) = values[0], case .integer(let offset) = values[1],
      case .tuple(let sizes) = values[2], case .tuple(let strides) = values[3]
    else { throw wrong(values, for: .rebuildTensorV2) }
    let tensor = PickledTensor(storage: storage, offset: offset, sizes: sizes, strides: strides)
    do { _ = try objects.view(tensor) } catch { throw self.error(error.expected, error.found) }
    objects.tensors.append(tensor)
    return .tensor(objects.tensors.count - 1)
  }

  /// What an id outside of the pickle stands for, which has to be a storage:
  /// `("storage", class, key, device, count)`, and in the old format None or `(key, offset, count)` of a view.
  mutating func persistent(_ id: PickleValue) throws(FileError) -> PickleValue {
    guard case .tuple(let tuple) = id, let first = objects.sequences[tuple].first else {
      throw error(expected, "the persistent id \(id.kind)")
    }
    guard case .text("storage") = first else {
      throw error(expected, "the persistent id of \(first.kind)")
    }
    let values = objects.sequences[tuple]
    guard (5...6).contains(values.count), case .global(.storage(let type)) = values[1],
      case .text(let key) = values[2], case .integer(let count) = values[4], count >= 0
    else {
      let kinds = values.prefix(8).map(\.kind).joined(separator: ", ")
      throw error("a storage's type, key, device and count of numbers", "(\(kinds))")
    }
    let range = try values.count == 6 ? view(values[5], of: count) : 0..<count
    if let other = objects.storage(ofKey: key), other.type != type || other.count != count {
      throw error(
        "storage \(shown(key)) to be \(other.count) numbers of \(other.type.storage)",
        "\(count) of \(type.storage)")
    }
    return objects.append(PyTorchStorage(type: type, key: key, count: count, range: range))
  }

  /// The numbers of a view of a storage.
  private func view(_ value: PickleValue, of count: Int) throws(FileError) -> Range<Int> {
    if case .none = value { return 0..<count }
    guard case .tuple(let tuple) = value, objects.sequences[tuple].count == 3,
      case .integer(let start) = objects.sequences[tuple][1],
      case .integer(let length) = objects.sequences[tuple][2]
    else { throw error("a view of a storage: its key, offset and count", value.kind) }
    guard start >= 0, start <= count, length >= 0, length <= count - start else {
      throw error(
        "a view within the \(count) numbers of its storage", "\(length) numbers from number \(start) on")
    }
    return start..<start + length
  }
}

extension PickleValue {
  /// Tuples are lists for those who only read them.
  fileprivate var asList: PickleValue {
    if case .tuple(let index) = self { .list(index) } else { self }
  }
}

extension PickleObjects {
  /// The view that a tensor is, checked against its storage.
  func view(_ tensor: PickledTensor) throws(TensorView.Fault) -> TensorView {
    try TensorView(
      offset: tensor.offset, sizes: integers(tensor.sizes), strides: integers(tensor.strides),
      of: storages[tensor.storage].range.count)
  }

  private func integers(_ tuple: Int) throws(TensorView.Fault) -> [Int] {
    var integers: [Int] = []
    for value in sequences[tuple] {
      guard case .integer(let integer) = value else {
        throw TensorView.Fault(expected: "sizes and strides that are integers", found: value.kind)
      }
      integers.append(integer)
    }
    return integers
  }
}
