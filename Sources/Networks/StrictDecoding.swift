import Files

extension Decoder {
  /// The container for `Keys`; any other key in it is an error, so that a misspelt parameter is not ignored.
  ///
  /// `type`, `name` and `inputs`, which every layer has, are allowed.
  func strictContainer<Keys: CodingKey & CaseIterable>(
    _ keys: Keys.Type
  ) throws -> KeyedDecodingContainer<Keys> {
    try expectOnly(Keys.allCases.map(\.stringValue))
    return try container(keyedBy: Keys.self)
  }

  func expectOnly(_ known: [String]) throws {
    let found = try container(keyedBy: AnyKey.self)
    for key in found.allKeys where !["type", "name", "inputs"].contains(key.stringValue) {
      guard known.contains(key.stringValue) else {
        let expected = known.isEmpty ? "no parameters" : known.joined(separator: ", ")
        throw DecodingError.dataCorruptedError(
          forKey: key, in: found, debugDescription: "unknown parameter; expected \(expected)")
      }
    }
  }
}
