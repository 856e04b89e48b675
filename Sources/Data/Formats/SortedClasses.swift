import Files

/// Names of classes, which are numbered in the order of their bytes.
enum SortedClasses {
  /// The names in their order.
  ///
  /// - Parameter place: where they are from, for messages.
  /// - Throws: where two differ only in small and capital letters, which are one class for whoever made them and are
  ///   one directory on some file systems.
  static func names(_ names: Set<String>, of place: String) throws(DataError) -> [String] {
    let sorted = names.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
    var spellings: [String: String] = [:]
    for name in sorted {
      guard let other = spellings.updateValue(name, forKey: name.lowercased()) else { continue }
      throw DataError(
        place, expected: "names of classes that differ in more than capital letters",
        found: "\(shown(other)) and \(shown(name))", hint: "give them one name, or two that differ")
    }
    return sorted
  }
}
