import Files

/// A file of the names of a model's classes, by their numbers:
///
///     a text with a name a line;
///     a JSON list of names;
///     or a JSON object from numbers to names, or to lists that end in them, as Keras's imagenet_class_index.json.
package enum ClassNames {
  /// - Parameter count: how many classes the model has.
  /// - Throws: `FileError` where the file cannot be read or has other than `count` names.
  package static func read(_ path: String, count: Int) throws(FileError) -> [String] {
    let bytes = try readFile(path, as: "a readable file of class names")
    let expected = "the names of \(count) classes"
    let names: [String]
    switch bytes.first(where: { !" \t\r\n".utf8.contains($0) }) {
    case UInt8(ascii: "["):
      names = try decodeJSON([String].self, from: bytes, path: path, as: expected)
    case UInt8(ascii: "{"):
      let numbered = try decodeJSON([String: Entry].self, from: bytes, path: path, as: expected)
      names = try (0..<count).map { number throws(FileError) in
        guard let entry = numbered["\(number)"] else {
          throw FileError(path, expected: "a name for class \(number)", found: "none")
        }
        return entry.name
      }
      guard numbered.count == count else {
        throw FileError(path, expected: expected, found: "\(numbered.count)")
      }
    default:
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw FileError(path, expected: "\(expected) in UTF-8", found: "other bytes")
      }
      names = text.split(whereSeparator: \.isNewline).map(String.init)
    }
    guard names.count == count else {
      throw FileError(path, expected: expected, found: "\(names.count)")
    }
    return names
  }

  /// A name, or a list that ends in it.
  private struct Entry: Decodable {
    let name: String

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let name = try? container.decode(String.self) {
        self.name = name
      } else if let last = try container.decode([String].self).last {
        name = last
      } else {
        throw DecodingError.dataCorruptedError(in: container, debugDescription: "expected a name")
      }
    }
  }
}
