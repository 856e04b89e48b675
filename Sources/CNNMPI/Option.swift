/// A command-line option of a subcommand. Parser and help are made from the same table of these.
struct Option<Configuration>: Sendable {
  /// With the dashes, such as `--epochs`.
  let name: String
  /// What stands for the value in the help, such as `N`; nil for a flag, which has none.
  let value: String?
  let help: String
  /// Takes over a value, or says what was expected of it.
  let apply: @Sendable (inout Configuration, String) throws(ValueError) -> Void
  /// The default for the help.
  let shownDefault: @Sendable (Configuration) -> String?

  typealias Field<Value> = WritableKeyPath<Configuration, Value> & Sendable

  init<Value>(
    _ name: String, _ field: Field<Value>, _ kind: ValueKind<Value>, _ help: String
  ) {
    self.name = name
    value = kind.placeholder
    self.help = help
    apply = { configuration, text throws(ValueError) in configuration[keyPath: field] = try kind.parse(text) }
    shownDefault = { kind.show($0[keyPath: field]) }
  }

  /// For a field that is nil unless the option is given.
  init<Value>(
    _ name: String, _ field: Field<Value?>, _ kind: ValueKind<Value>, _ help: String
  ) {
    self.name = name
    value = kind.placeholder
    self.help = help
    apply = { configuration, text throws(ValueError) in configuration[keyPath: field] = try kind.parse(text) }
    shownDefault = { $0[keyPath: field].map(kind.show) }
  }

  /// A flag, which sets `field`.
  init(_ name: String, _ field: Field<Bool>, _ help: String) {
    self.name = name
    value = nil
    self.help = help
    apply = { configuration, _ throws(ValueError) in configuration[keyPath: field] = true }
    shownDefault = { _ in nil }
  }
}

/// What a value should have been.
struct ValueError: Error {
  let expected: String
}
