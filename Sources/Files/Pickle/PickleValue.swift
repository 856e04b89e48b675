/// What a pickle of tensors is made of. Containers, storages and tensors are numbers of `PickleObjects`, so that
/// a value that contains itself, or is nested deeply, is nothing special.
enum PickleValue {
  case none
  case boolean(Bool)
  case integer(Int)
  /// An integer of more than 64 bits: its bytes in two's complement, little-endian.
  case longInteger([UInt8])
  case text(String)
  /// A string of bytes, by its number.
  case bytes(Int)
  /// What nothing here reads, in words.
  case other(StaticString)
  case tuple(Int)
  case list(Int)
  case dictionary(Int)
  case global(PickleGlobal)
  case storage(Int)
  case tensor(Int)
  /// A type of NumPy's numbers, by its number.
  case numberType(Int)
  /// An array of NumPy's, by its number.
  case array(Int)

  /// What it is in words, for messages.
  var kind: String {
    switch self {
    case .none: "None"
    case .boolean(let value): value ? "True" : "False"
    case .integer(let value): "\(value)"
    case .longInteger(let bytes): "an integer of \(bytes.count) bytes"
    case .text(let text): shown(text)
    case .bytes: "bytes"
    case .other(let kind): "\(kind)"
    case .tuple: "a tuple"
    case .list: "a list"
    case .dictionary: "a dictionary"
    case .global(let global): global.name
    case .storage: "a storage"
    case .tensor: "a tensor"
    case .numberType: "a type of numbers"
    case .array: "an array"
    }
  }
}

/// Everything that the values of a pickle refer to, by number.
struct PickleObjects {
  /// The values of tuples and lists.
  var sequences: [[PickleValue]] = []
  /// The entries of dictionaries in the order of their writing, not looked at for keys written twice.
  var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []
  private(set) var storages: [PyTorchStorage] = []
  /// Of each key of a storage the first that has it.
  private var storageOfKey: [String: Int] = [:]
  var tensors: [PickledTensor] = []
  /// Strings of bytes, most of them parts of the pickle.
  var byteStrings: [ArraySlice<UInt8>] = []
  var numberTypes: [NumPyType] = []
  /// Arrays; nil for those that have been made and not yet filled.
  var arrays: [NumPyArray?] = []

  mutating func tuple(_ values: [PickleValue]) -> PickleValue {
    sequences.append(values)
    return .tuple(sequences.count - 1)
  }

  mutating func bytes(_ bytes: ArraySlice<UInt8>) -> PickleValue {
    byteStrings.append(bytes)
    return .bytes(byteStrings.count - 1)
  }

  mutating func list() -> PickleValue {
    sequences.append([])
    return .list(sequences.count - 1)
  }

  mutating func dictionary() -> PickleValue {
    dictionaries.append([])
    return .dictionary(dictionaries.count - 1)
  }

  /// The storage that has been declared first under a key.
  func storage(ofKey key: String) -> PyTorchStorage? { storageOfKey[key].map { storages[$0] } }

  mutating func append(_ storage: PyTorchStorage) -> PickleValue {
    storages.append(storage)
    if storageOfKey[storage.key] == nil { storageOfKey[storage.key] = storages.count - 1 }
    return .storage(storages.count - 1)
  }
}
