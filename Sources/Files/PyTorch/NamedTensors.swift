import Tensors

/// The tensors that are wanted of all that a pickle holds: those of the outermost dictionary, or of one in it that
/// has a name by which checkpoints call a model's state.
struct NamedTensors {
  let container: String?
  private let names: [(name: String, tensor: Int)]
  private let objects: PickleObjects
  private let path: String

  /// By precedence.
  private static let containers = ["state_dict", "model_state_dict", "model", "module"]

  /// - Parameter root: what the pickle holds.
  init(_ root: PickleValue, in objects: PickleObjects, _ path: String) throws(FileError) {
    self.objects = objects
    self.path = path
    guard case .dictionary(let outermost) = root else {
      throw FileError(
        path, expected: "a dictionary of tensors", found: root.kind,
        hint: "in Python, torch.save a state_dict()")
    }
    for container in Self.containers {
      for entry in objects.dictionaries[outermost] {
        guard case .text(container) = entry.key, case .dictionary(let inner) = entry.value,
          objects.dictionaries[inner].contains(where: { $0.value.isTensor })
        else { continue }
        self.container = container
        names = try Self.names(objects.dictionaries[inner], "\(path), \(shown(container))")
        return
      }
    }
    container = nil
    names = try Self.names(objects.dictionaries[outermost], path)
    guard !names.isEmpty else {
      throw FileError(
        path, expected: "tensors in a dictionary, or in one in it called \(Self.containersInWords)",
        found: "none")
    }
  }

  private static var containersInWords: String {
    containers.dropLast().map { "\"\($0)\"" }.joined(separator: ", ") + " or \"\(containers.last!)\""
  }

  private static func names(
    _ entries: [(key: PickleValue, value: PickleValue)], _ place: String
  ) throws(FileError) -> [(name: String, tensor: Int)] {
    var names: [(name: String, tensor: Int)] = []
    var seen: Set<String> = []
    for entry in entries {
      guard case .tensor(let tensor) = entry.value else { continue }
      guard case .text(let name) = entry.key else {
        throw FileError(place, expected: "tensors by names", found: "one by \(entry.key.kind)")
      }
      guard seen.insert(name).inserted else {
        throw FileError(place, expected: "each tensor once", found: "\(shown(name)) again")
      }
      names.append((name, tensor))
    }
    return names
  }
}

extension PickleValue {
  fileprivate var isTensor: Bool {
    if case .tensor = self { true } else { false }
  }
}

extension NamedTensors {
  /// Reads the tensors, storage by storage.
  ///
  /// - Parameters:
  ///   - check: whether a storage is there with all the numbers that it is declared to have.
  ///   - numbers: gives the bytes of a storage, in one piece.
  func load(
    checking check: (PyTorchStorage) throws(FileError) -> Void,
    _ numbers: (PyTorchStorage) throws(FileError) -> ArraySlice<UInt8>
  ) throws(FileError) -> [NamedTensor] {
    let (order, users) = storages()
    for key in order {
      if let first = users[key]?.first { try check(storage(first)) }
    }
    try checkCount()
    var loaded = [NamedTensor?](repeating: nil, count: names.count)
    for key in order {
      guard let indices = users[key], let first = indices.first else { continue }
      let bytes = try numbers(storage(first))
      for index in indices { loaded[index] = try tensor(index, in: bytes) }
    }
    return loaded.compactMap(\.self)
  }

  private func storage(_ index: Int) -> PyTorchStorage {
    objects.storages[objects.tensors[names[index].tensor].storage]
  }

  private func tensor(_ index: Int, in bytes: ArraySlice<UInt8>) throws(FileError) -> NamedTensor {
    let storage = storage(index)
    let view = try view(index)
    let width = storage.type.byteCount
    let own = bytes.span.bytes.extracting(storage.range.lowerBound * width..<storage.range.upperBound * width)
    return NamedTensor(names[index].name, view.sizes, storage.type.values(of: view, in: own))
  }

  private func view(_ index: Int) throws(FileError) -> TensorView {
    do { return try objects.view(objects.tensors[names[index].tensor]) } catch {
      throw FileError(
        "\(path), tensor \(shown(names[index].name))", expected: error.expected, found: error.found)
    }
  }

  /// The keys of the storages that the tensors have, by their first use, and which tensors have each.
  private func storages() -> (order: [String], users: [String: [Int]]) {
    var order: [String] = []
    var users: [String: [Int]] = [:]
    for index in names.indices {
      let storage = storage(index)
      if users[storage.key] == nil { order.append(storage.key) }
      users[storage.key, default: []].append(index)
    }
    return (order, users)
  }

  /// Tensors may share numbers, or repeat them by a stride of 0, but not so often that a small file fills the
  /// memory: together they have at most 4 times the numbers of all storages.
  private func checkCount() throws(FileError) {
    var (available, count): (UInt128, UInt128) = (0, 0)
    var seen: Set<String> = []
    for index in names.indices {
      let storage = storage(index)
      if seen.insert(storage.key).inserted { available += UInt128(storage.count) }
      count += try UInt128(view(index).count)
    }
    let limit = 4 * available + 1 << 16
    guard count <= limit else {
      throw FileError(
        path, expected: "at most \(limit) numbers in tensors, 4 times those of their storages",
        found: "\(count)", hint: "save contiguous tensors, by clone()")
    }
  }
}
