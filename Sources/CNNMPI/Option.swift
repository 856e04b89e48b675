import Reporting

/// A command-line option of a subcommand. Parser and help are made from the same table of these.
struct Option<Configuration>: Sendable {
  /// With the dashes, such as `--epochs`.
  let name: String
  /// What stands for the value in the help, such as `N`.
  let value: String
  let help: String
  /// Takes over a value, or says what was expected of it.
  let apply: @Sendable (inout Configuration, String) throws(ValueError) -> Void
  /// The default for the help.
  let shownDefault: @Sendable (Configuration) -> String?
}

/// What a value should have been.
struct ValueError: Error {
  let expected: String
}

typealias Field<Configuration, Value> = WritableKeyPath<Configuration, Value> & Sendable

extension Option {
  static func text(
    _ name: String, _ value: String, _ field: Field<Configuration, String>, _ help: String
  ) -> Option {
    Option(
      name: name, value: value, help: help,
      apply: { configuration, text throws(ValueError) in
        configuration[keyPath: field] = try parseText(text)
      },
      shownDefault: { $0[keyPath: field] })
  }

  static func text(
    _ name: String, _ value: String, _ field: Field<Configuration, String?>, _ help: String
  ) -> Option {
    Option(
      name: name, value: value, help: help,
      apply: { configuration, text throws(ValueError) in
        configuration[keyPath: field] = try parseText(text)
      },
      shownDefault: { $0[keyPath: field] })
  }

  /// A whole number of at least 1.
  static func count(
    _ name: String, _ value: String, _ field: Field<Configuration, Int>, _ help: String
  ) -> Option {
    Option(
      name: name, value: value, help: help,
      apply: { configuration, text throws(ValueError) in
        configuration[keyPath: field] = try parseCount(text)
      },
      shownDefault: { "\($0[keyPath: field])" })
  }

  static func count(
    _ name: String, _ value: String, _ field: Field<Configuration, Int?>, _ help: String
  ) -> Option {
    Option(
      name: name, value: value, help: help,
      apply: { configuration, text throws(ValueError) in
        configuration[keyPath: field] = try parseCount(text)
      },
      shownDefault: { $0[keyPath: field].map { "\($0)" } })
  }

  static func seed(_ name: String, _ field: Field<Configuration, UInt64>, _ help: String) -> Option {
    Option(
      name: name, value: "N", help: help,
      apply: { configuration, text throws(ValueError) in
        guard let seed = UInt64(text) else { throw ValueError(expected: "a whole number from 0 to 2^64 - 1") }
        configuration[keyPath: field] = seed
      },
      shownDefault: { "\($0[keyPath: field])" })
  }

  /// A finite number in a range.
  static func number(
    _ name: String, _ value: String, _ field: Field<Configuration, Double>, _ bounds: Bounds, _ help: String
  ) -> Option {
    Option(
      name: name, value: value, help: help,
      apply: { configuration, text throws(ValueError) in
        guard let number = Double(text), number.isFinite, bounds.contains(number) else {
          throw ValueError(expected: bounds.description)
        }
        configuration[keyPath: field] = number
      },
      shownDefault: { shortest($0[keyPath: field]) })
  }

  static func choice<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
    _ name: String, _ field: Field<Configuration, Choice>, _ help: String
  ) -> Option {
    Option(
      name: name, value: names(Choice.self, "|"), help: help,
      apply: { configuration, text throws(ValueError) in
        configuration[keyPath: field] = try parseChoice(text)
      },
      shownDefault: { $0[keyPath: field].rawValue })
  }

  static func choice<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
    _ name: String, _ field: Field<Configuration, Choice?>, _ help: String
  ) -> Option {
    Option(
      name: name, value: names(Choice.self, "|"), help: help,
      apply: { configuration, text throws(ValueError) in
        configuration[keyPath: field] = try parseChoice(text)
      },
      shownDefault: { $0[keyPath: field]?.rawValue })
  }
}

/// The numbers that an option takes.
enum Bounds: Sendable, CustomStringConvertible {
  case positive
  case nonNegative
  /// [0, 1)
  case share

  func contains(_ number: Double) -> Bool {
    switch self {
    case .positive: number > 0
    case .nonNegative: number >= 0
    case .share: number >= 0 && number < 1
    }
  }

  var description: String {
    switch self {
    case .positive: "a number above 0"
    case .nonNegative: "a number of at least 0"
    case .share: "a number from 0 to below 1"
    }
  }
}

private func parseText(_ text: String) throws(ValueError) -> String {
  guard !text.isEmpty else { throw ValueError(expected: "a text") }
  return text
}

private func parseCount(_ text: String) throws(ValueError) -> Int {
  guard let count = Int(text), count >= 1, count <= Int(Int32.max) else {
    throw ValueError(expected: "a whole number from 1 to \(Int32.max)")
  }
  return count
}

private func parseChoice<Choice: RawRepresentable<String> & CaseIterable>(
  _ text: String
) throws(ValueError) -> Choice {
  guard let choice = Choice(rawValue: text) else { throw ValueError(expected: names(Choice.self, " or ")) }
  return choice
}

private func names<Choice: RawRepresentable<String> & CaseIterable>(
  _ choice: Choice.Type, _ separator: String
) -> String {
  choice.allCases.map(\.rawValue).joined(separator: separator)
}
