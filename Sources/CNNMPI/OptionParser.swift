import Files
import Parallel
import Reporting

/// Why a command line cannot be understood.
struct UsageError: AgreedError, Equatable, CustomStringConvertible {
  let description: String

  /// - Parameter description: where arguments are not UTF-8, their bytes are shown as in paths.
  init(description: String) { self.description = "\(Path(description))" }

  var exitCode: Int32 { 2 }
}

/// Groups of options, under headings: what the parser knows, and what is shown of it.
struct OptionTable<Configuration>: Sendable {
  let groups: [(heading: String, options: [Option<Configuration>])]
  /// Takes the arguments that are no options; nil where there must be none.
  var operands: Option<Configuration>.Field<[String]>?

  private var options: [Option<Configuration>] { groups.flatMap(\.options) }

  /// Reads `--name value`, `--name=value` and, for flags, `--name` or `-n` into `configuration`.
  ///
  /// - Returns: the options that were given.
  @discardableResult
  func parse(
    _ arguments: [String], into configuration: inout Configuration
  ) throws(UsageError) -> [Option<Configuration>] {
    var given: [Option<Configuration>] = []
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      if let operands, argument == "--" || argument == "-" || !argument.hasPrefix("-") {
        // Behind two dashes come operands only, so that these may begin with dashes too.
        configuration[keyPath: operands] += argument == "--" ? Array(rest) : [argument]
        if argument == "--" { return given }
        continue
      }
      guard argument.hasPrefix("-"), argument.count > 1 else {
        throw UsageError(description: "unexpected argument \"\(argument)\"")
      }
      let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
        String.init)
      guard let option = options.first(where: { $0.name == parts[0] || $0.letter == parts[0] })
      else { throw unknown(parts[0]) }
      let value = try value(of: option, given: parts.count > 1 ? parts[1] : nil, &rest)
      do {
        try option.apply(&configuration, value)
      } catch {
        throw UsageError(description: "\(option.name): expected \(error.expected), found \"\(value)\"")
      }
      given.append(option)
    }
    return given
  }

  /// The value of an option, behind its equals sign or in the next argument; empty for a flag.
  private func value(
    of option: Option<Configuration>, given: String?, _ rest: inout ArraySlice<String>
  ) throws(UsageError) -> String {
    guard let expected = option.value else {
      guard given == nil else {
        throw UsageError(description: "\(option.name): expected no value, found \"\(given!)\"")
      }
      return ""
    }
    guard let value = given ?? rest.popFirst() else {
      throw UsageError(description: "\(option.name): expected a value \(expected), found nothing")
    }
    guard Path(value).isUTF8 else {
      throw UsageError(description: "\(option.name): expected UTF-8, found \"\(value)\"")
    }
    return value
  }

  private func unknown(_ name: String) -> UsageError {
    let nearest = options.map(\.name).min { editDistance($0, name) < editDistance($1, name) }
    if let nearest, editDistance(nearest, name) <= 3 {
      return UsageError(description: "unknown option \(name), did you mean \(nearest)?")
    }
    return UsageError(description: "unknown option \(name)")
  }

  /// The options as they are shown, with the values that they have in `defaults`.
  func listed(defaults: Configuration) -> [OptionGroup] {
    groups.map { group in
      OptionGroup(
        heading: group.heading,
        options: group.options.map { option in
          let shown = option.show(defaults).flatMap { $0.isEmpty ? nil : " [\($0)]" } ?? ""
          return ListedOption(
            name: option.name, letter: option.letter, placeholder: option.value, help: option.help + shown)
        })
    }
  }
}

/// Number of letters to insert, delete or replace to make one word of the other (Levenshtein 1966).
func editDistance(_ a: String, _ b: String) -> Int {
  let b = Array(b)
  var row = Array(0...b.count)
  for (i, letter) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for j in b.indices {
      let replaced = diagonal + (letter == b[j] ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
    }
  }
  return row[b.count]
}
