/// What a pickle of tensors is made of. Containers, storages and tensors are numbers of `PickleObjects`, so that
/// a value that contains itself, or is nested deeply, is nothing special.
enum PickleValue {
  case none
  case boolean(Bool)
  case integer(Int)
  /// An integer of more than 64 bits: its bytes in two's complement, little-endian.
  case longInteger([UInt8])
  case text(String)
  /// What nothing here reads, in words.
  case other(StaticString)
  case tuple(Int)
  case list(Int)
  case dictionary(Int)
  case global(PickleGlobal)
  case storage(Int)
  case tensor(Int)

  /// What it is in words, for messages.
  var kind: String {
    switch self {
    case .none: "None"
    case .boolean(let value): value ? "True" : "False"
    case .integer(let value): "\(value)"
    case .longInteger(let bytes): "an integer of \(bytes.count) bytes"
    case .text(let text): shown(text)
    case .other(let kind): "\(kind)"
    case .tuple: "a tuple"
    case .list: "a list"
    case .dictionary: "a dictionary"
    case .global(let global): global.name
    case .storage: "a storage"
    case .tensor: "a tensor"
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

  mutating func tuple(_ values: [PickleValue]) -> PickleValue {
    sequences.append(values)
    return .tuple(sequences.count - 1)
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

/// What pickles of tensors may name; anything else could be a program.
enum PickleGlobal: Equatable {
  case orderedDictionary
  /// Learning-rate schedules have their milestones in one.
  case counter
  case size
  case rebuildTensor
  case rebuildTensorV2
  case rebuildParameter
  case storage(PyTorchType)

  /// - Parameter name: module and name with a dot between them.
  init?(_ name: String) {
    switch name {
    case "collections.OrderedDict": self = .orderedDictionary
    case "collections.Counter": self = .counter
    case "torch.Size": self = .size
    case "torch._utils._rebuild_tensor": self = .rebuildTensor
    case "torch._utils._rebuild_tensor_v2": self = .rebuildTensorV2
    case "torch._utils._rebuild_parameter": self = .rebuildParameter
    default:
      guard let type = PyTorchType.allCases.first(where: { $0.storage == name }) else { return nil }
      self = .storage(type)
    }
  }

  var name: String {
    switch self {
    case .orderedDictionary: "collections.OrderedDict"
    case .counter: "collections.Counter"
    case .size: "torch.Size"
    case .rebuildTensor: "torch._utils._rebuild_tensor"
    case .rebuildTensorV2: "torch._utils._rebuild_tensor_v2"
    case .rebuildParameter: "torch._utils._rebuild_parameter"
    case .storage(let type): type.storage
    }
  }
}
