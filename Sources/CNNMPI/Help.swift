import Reporting

/// What a subcommand says of itself: `--help`, the manual page and the completions are made of it.
struct Help: Sendable {
  /// Command lines, such as `cnn-mpi plot RUN... [options]`.
  let usage: [String]
  /// Paragraphs in front of the options, with a blank line between.
  let description: String
  var options: [OptionGroup] = []
  /// Paragraphs behind the options.
  var closing = ""
  /// What the arguments are that are no options, as in the usage, such as `RUN`; nil where there are none.
  var operand: String?
  /// The subcommand whose options may follow two dashes.
  var behindDashes: String?

  /// The whole help, in lines of at most 110 columns.
  ///
  /// - Parameter members: the subcommands that a further word can name.
  func text(members: [Subcommand]) -> String {
    let lines = table(members.map { ($0.lastWord, $0.summary) })
    return [
      "Usage: \(usage.joined(separator: "\n       "))", description,
      members.isEmpty ? "" : "Commands, each with a --help of its own:\n\(lines)", options.text, closing,
    ].filter { !$0.isEmpty }.joined(separator: "\n\n")
  }
}

/// Options under a heading.
struct OptionGroup: Sendable {
  let heading: String
  let options: [ListedOption]
}

/// An option as it is shown, whatever configuration it belongs to.
struct ListedOption: Sendable {
  /// With the dashes, such as `--epochs`.
  let name: String
  /// A letter for it, with its dash, such as `-v`.
  let letter: String?
  /// What stands for its value, such as `N`; nil for a flag.
  let placeholder: String?
  /// One line, with the default in brackets.
  let help: String

  /// Both names.
  var names: [String] { [letter, name].compactMap { $0 } }

  /// What a shell can offer for the value; nil for a flag.
  var value: CompletedValue? { placeholder.map { CompletedValue(placeholder: $0) } }

  /// Names and placeholder, such as `-o, --out DIR`.
  var synopsis: String {
    [names.joined(separator: ", "), placeholder].compactMap { $0 }.joined(separator: " ")
  }
}

extension [OptionGroup] {
  /// One column of names, one of explanations, in lines of at most 110 columns.
  var text: String {
    let width = flatMap(\.options).map(\.synopsis.count).max() ?? 0
    return map { group in
      let lines = group.options.map { option in
        let lines = wrapped(option.help, width: 110 - width - 4)
        return "  \(option.synopsis.padded(to: width))  "
          + lines.joined(separator: "\n" + String(repeating: " ", count: width + 4))
      }
      return "\(group.heading):\n\(lines.joined(separator: "\n"))"
    }.joined(separator: "\n\n")
  }
}

extension String {
  fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: width - count) }
}
