import Testing

/// A command and its options, as its `--help` lists them.
struct ListedCommand: CustomStringConvertible {
  /// As typed, such as `["bench", "step"]`; none for the program itself.
  let words: [String]
  let help: String

  var description: String { (["cnn-mpi"] + words).joined(separator: " ") }

  /// The words under "Commands".
  var members: [String] {
    guard let heading = help.range(of: "Commands, each with a --help of its own:\n") else { return [] }
    return help[heading.upperBound...].split(separator: "\n", omittingEmptySubsequences: false)
      .prefix { $0.hasPrefix("  ") }.map { String($0.split(separator: " ")[0]) }
  }

  /// Names with dashes, and letters, such as `-v`.
  var options: [String] { rows.flatMap(\.names) }

  /// What stands for an option's value; nil for a flag.
  func placeholder(of option: String) -> String? { rows.first { $0.names.contains(option) }?.placeholder }

  /// Lines such as `  -v, --verbose`, or `  --data DIR|synthetic    directory ...`.
  private var rows: [(names: [String], placeholder: String?)] {
    help.split(separator: "\n").filter { $0.hasPrefix("  -") }.compactMap { line in
      let left = line.dropFirst(2)
      let words = left[..<(left.firstRange(of: "  ")?.lowerBound ?? left.endIndex)].split(separator: " ")
      // Not a line of several options with values, as an example of a command.
      guard words.count <= 3 else { return nil }
      let names = words.filter { $0.hasPrefix("-") }.map { $0.hasSuffix(",") ? $0.dropLast() : $0 }
      return (names.map(String.init), words.first { !$0.hasPrefix("-") }.map(String.init))
    }
  }

  /// All there are, found by following the lists from the program's own help on.
  static func all() throws -> [ListedCommand] {
    var found: [ListedCommand] = []
    var open: [[String]] = [[]]
    while !open.isEmpty {
      let words = open.removeFirst()
      let command = ListedCommand(words: words, help: try Program.run(words + ["--help"]).output)
      found.append(command)
      // The program's help is that of train, with the list of commands.
      open += command.members.map { words + [$0] }
    }
    try #require(found.count >= 16 && found.contains { $0.options.contains("--compress") })
    return found
  }
}
