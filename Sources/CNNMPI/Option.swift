/// A command-line option of a subcommand. Parser, help, manual page and completions are made from the same table of
/// these.
struct Option<Configuration>: Sendable {
  /// With the dashes, such as `--epochs`.
  let name: String
  /// A letter for it, with its dash, such as `-v`.
  let letter: String?
  /// What stands for the value in the help, such as `N`; nil for a flag, which has none.
  let value: String?
  let help: String
  /// Takes over a value, or says what was expected of it.
  let apply: @Sendable (inout Configuration, String) throws(ValueError) -> Void
  /// The value in a configuration; nil where there is none.
  let show: @Sendable (Configuration) -> String?
  /// Two configurations have the same value.
  let isSame: @Sendable (Configuration, Configuration) -> Bool
  /// A run that goes on from a checkpoint may have another value.
  private(set) var mayChange = false

  typealias Field<Value> = WritableKeyPath<Configuration, Value> & Sendable

  init<Value: Equatable & SendableMetatype>(
    _ name: String, _ field: Field<Value>, _ kind: ValueKind<Value>, _ help: String
  ) {
    self.name = name
    letter = nil
    value = kind.placeholder
    self.help = help
    apply = { configuration, text throws(ValueError) in configuration[keyPath: field] = try kind.parse(text) }
    show = { kind.show($0[keyPath: field]) }
    isSame = { $0[keyPath: field] == $1[keyPath: field] }
  }

  /// For a field that is nil unless the option is given.
  init<Value: Equatable & SendableMetatype>(
    _ name: String, _ field: Field<Value?>, _ kind: ValueKind<Value>, _ help: String
  ) {
    self.name = name
    letter = nil
    value = kind.placeholder
    self.help = help
    apply = { configuration, text throws(ValueError) in configuration[keyPath: field] = try kind.parse(text) }
    show = { $0[keyPath: field].map(kind.show) }
    isSame = { $0[keyPath: field] == $1[keyPath: field] }
  }

  /// A flag, which sets `field` to `given`.
  init<Value: Sendable & Equatable>(
    _ name: String, letter: String? = nil, _ field: Field<Value>, given: Value, _ help: String
  ) {
    self.name = name
    self.letter = letter
    value = nil
    self.help = help
    apply = { configuration, _ throws(ValueError) in configuration[keyPath: field] = given }
    show = { $0[keyPath: field] == given ? "on" : nil }
    isSame = { $0[keyPath: field] == $1[keyPath: field] }
  }

  /// An option of a part of a configuration, such as one of `train` where a command trains and does more.
  init<Part>(_ option: Option<Part>, of field: Field<Part>) {
    name = option.name
    letter = option.letter
    value = option.value
    help = option.help
    apply = { configuration, text throws(ValueError) in try option.apply(&configuration[keyPath: field], text)
    }
    show = { option.show($0[keyPath: field]) }
    isSame = { option.isSame($0[keyPath: field], $1[keyPath: field]) }
  }

  /// The same option, for what does not change what is trained.
  var changeable: Self {
    var option = self
    option.mayChange = true
    return option
  }

  /// A flag, which makes `field` true.
  init(_ name: String, _ field: Field<Bool>, _ help: String) { self.init(name, field, given: true, help) }
}

/// What a value should have been.
struct ValueError: Error {
  let expected: String
}
