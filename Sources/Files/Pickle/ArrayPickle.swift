/// A pickle of Python's that is a dictionary of arrays, lists of numbers and lists of texts, as data sets were given
/// out in. It is read without running anything: see `PickleMachine`.
package struct ArrayPickle {
  private let entries: [String: PickleValue]
  private let objects: PickleObjects

  /// - Parameter path: for messages.
  /// - Throws: where it is no such pickle, or has other objects in it.
  package init(_ bytes: [UInt8], path: String) throws(FileError) {
    guard bytes.first == PickleOpcode.proto.rawValue else {
      let kind = FileKind(of: bytes)
      throw FileError(
        path, expected: "a Python pickle of protocol 2 to 5",
        found: bytes.isEmpty ? "an empty file" : kind?.name ?? "something else", hint: kind?.hint)
    }
    var machine = PickleMachine(PickleInput(bytes, place: path, largest: bytes.count), of: .arrays)
    let root = try machine.load()
    guard case .dictionary(let dictionary) = root else {
      throw FileError(path, expected: "a dictionary", found: root.kind)
    }
    objects = machine.objects
    var entries: [String: PickleValue] = [:]
    for (key, value) in objects.dictionaries[dictionary] {
      if let name = objects.text(key) { entries[name] = value }
    }
    self.entries = entries
  }

  /// Names of the entries, in the order of their bytes.
  package var names: [String] { entries.keys.sorted() }

  /// Nil where there is none of the name, or it is no array that has been filled.
  package func array(_ name: String) -> NumPyArray? {
    guard case .array(let index) = entries[name] else { return nil }
    return objects.arrays[index]
  }

  /// A list or an array of whole numbers; nil where there is none of the name.
  package func integers(_ name: String) -> [Int]? {
    guard let list = list(name) else { return array(name)?.integers }
    var integers: [Int] = []
    for value in list {
      guard case .integer(let integer) = value else { return nil }
      integers.append(integer)
    }
    return integers
  }

  /// A list of texts; nil where there is none of the name.
  package func texts(_ name: String) -> [String]? {
    guard let list = list(name) else { return nil }
    let texts = list.compactMap(objects.text)
    return texts.count == list.count ? texts : nil
  }

  private func list(_ name: String) -> [PickleValue]? {
    switch entries[name] {
    case .list(let index), .tuple(let index): objects.sequences[index]
    default: nil
    }
  }
}

extension PickleObjects {
  /// A text, or bytes that are one.
  fileprivate func text(_ value: PickleValue) -> String? {
    switch value {
    case .text(let text): text
    case .bytes(let index) where byteStrings[index].count <= 1000:
      String(validating: byteStrings[index], as: UTF8.self)
    default: nil
    }
  }
}
