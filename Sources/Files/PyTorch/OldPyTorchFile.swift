/// A file of `torch.save` before version 1.6, or without `_use_new_zipfile_serialization`. One after the other:
///
///     a pickle of the magic number, one of the protocol's number 1001, one of facts about the machine
///     a pickle of the object, where ("storage", class, key, device, count, view) stands for a tensor's numbers
///     a pickle of the list of keys
///     for each key: the count of numbers (8 bytes, little-endian) and the numbers
struct OldPyTorchFile {
  /// What the pickle holds.
  let root: PickleValue
  let objects: PickleObjects
  private let bytes: [UInt8]
  private let path: String
  private let ranges: [String: Range<Int>]

  /// 0x1950A86A20F9469CFC6C, little-endian.
  private static let magic: [UInt8] = [0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]

  init(_ bytes: [UInt8], path: String) throws(FileError) {
    var machine = PickleMachine(PickleInput(bytes, place: path))
    try Self.checkStart(&machine, path)
    root = try machine.load()
    let keys = try machine.load()
    objects = machine.objects
    self.bytes = bytes
    self.path = path
    ranges = try Self.ranges(of: keys, in: machine.objects, bytes, from: machine.input.position, path)
  }

  private static func checkStart(_ machine: inout PickleMachine, _ path: String) throws(FileError) {
    guard case .longInteger(magic) = try machine.load() else {
      throw FileError(
        path, expected: "a PyTorch file", found: "a Python pickle of something else",
        hint: "in Python, torch.save a state_dict()")
    }
    let version = try machine.load()
    guard case .integer(1001) = version else {
      throw FileError(path, expected: "protocol 1001 of PyTorch's old format", found: version.kind)
    }
    guard case .dictionary(let facts) = try machine.load() else {
      throw FileError(path, expected: "facts about the machine that wrote the file", found: "none")
    }
    for (key, value) in machine.objects.dictionaries[facts] {
      if case .text("little_endian") = key, case .boolean(false) = value {
        throw FileError(path, expected: "little-endian numbers", found: "a file of a big-endian machine")
      }
    }
  }

  /// Places of the numbers of all storages, which end where the file does.
  private static func ranges(
    of keys: PickleValue, in objects: PickleObjects, _ bytes: [UInt8], from start: Int, _ path: String
  ) throws(FileError) -> [String: Range<Int>] {
    guard case .list(let list) = keys else {
      throw FileError(path, expected: "a list of storages' keys", found: keys.kind)
    }
    var ranges: [String: Range<Int>] = [:]
    var end = start
    for value in objects.sequences[list] {
      guard case .text(let key) = value, let storage = objects.storage(ofKey: key), ranges[key] == nil else {
        throw FileError(
          path, expected: "keys of storages that the pickle names, each once", found: value.kind)
      }
      let range = try range(of: storage, bytes, at: end, path)
      ranges[key] = range
      end = range.upperBound
    }
    guard end == bytes.count else {
      throw FileError(
        path, expected: "the end at byte \(end), behind the last storage",
        found: "\(bytes.count - end) bytes more")
    }
    return ranges
  }

  private static func range(
    of storage: PyTorchStorage, _ bytes: [UInt8], at start: Int, _ path: String
  ) throws(FileError) -> Range<Int> {
    let place = "\(path), byte \(start), storage \(shown(storage.key))"
    guard bytes.count - start >= 8 else {
      throw FileError(
        place, expected: "a count of numbers in 8 bytes", found: "\(bytes.count - start)", hint: damageHint)
    }
    let count = bytes[start..<start + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard count == UInt64(storage.count) else {
      throw FileError(place, expected: "\(storage.count) numbers, as the pickle says", found: "\(count)")
    }
    guard storage.count <= (bytes.count - start - 8) / storage.type.byteCount else {
      throw FileError(
        place, expected: "\(storage.count) numbers of \(storage.type.byteCount) bytes",
        found: "\(bytes.count - start - 8) bytes", hint: damageHint)
    }
    return start + 8..<start + 8 + storage.count * storage.type.byteCount
  }

  /// The bytes of a storage.
  func numbers(of storage: PyTorchStorage) throws(FileError) -> ArraySlice<UInt8> {
    guard let range = ranges[storage.key] else {
      throw FileError(
        path, expected: "\(storage.count) numbers of storage \(shown(storage.key))", found: "none",
        hint: damageHint)
    }
    return bytes[range]
  }
}
