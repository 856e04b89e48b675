import Files

/// A directory with a table of images and their classes, or one for each part, see `LabelTable`:
///
///     labels.csv  images/1.jpg ...            train.csv  test.csv (or val.csv)  1.jpg ...
struct LabelTables: DataFormat {
  private let tables: [DataPart: LabelTable]
  private let numbers: ClassNumbers

  private static let names: [DataPart: [String]] = [
    .train: ["train", "training"], .test: ["test", "val", "valid", "validation"],
  ]

  /// Nil where there is no such table, or classes are directories in `train`, which tell them, too.
  init?(_ directory: Path, _ names: [Path], _ options: DataOptions) throws(DataError) {
    let candidates = names.filter { name in
      !name.isHidden && Self.stem(of: name) != nil && isRegularFile((directory / name).text)
    }
    guard !candidates.isEmpty, !Self.hasFoldersOfClasses(directory, names) else { return nil }
    let tables = candidates.filter { LabelTable.isLikely(directory / $0) }
    func find(_ part: DataPart) throws(DataError) -> Path? {
      for name in Self.names[part]! {
        let fitting = tables.filter { Self.stem(of: $0) == name }
        try Self.checkOne(fitting, in: directory)
        if let table = fitting.first { return directory / table }
      }
      return nil
    }
    let test = try find(.test)
    if let train = try find(.train) {
      try self.init(train: train, test: test, options)
    } else {
      try Self.checkOne(tables, in: directory)
      guard let table = tables.first else { return nil }
      try self.init(train: directory / table, test: nil, options)
    }
  }

  /// - Parameters:
  ///   - train: a table.
  ///   - test: another one; nil for none.
  init(train: Path, test: Path?, _ options: DataOptions) throws(DataError) {
    let table = try LabelTable(train)
    var tables = [DataPart.train: table]
    if let test { tables[.test] = try LabelTable(test) }
    self.tables = tables
    numbers = try ClassNumbers(table.classes, first: options.firstLabel, path: train.text)
  }

  func load(_ part: DataPart, as input: ImageInput) throws(DataError) -> (any Dataset)? {
    guard let table = tables[part] else { return nil }
    try input.checkChannels(table.path.text)
    let (labels, classes) = try numbers.labels(of: table.classes, isTrain: part == .train)
    return EncodedImages(
      sources: table.sources, labels: labels, classes: classes, classNames: numbers.names, input: input)
  }

  /// A table's name in small letters, without its ending and a `labels` behind it; nil for other names.
  private static func stem(of name: Path) -> String? {
    let text = name.text.lowercased()
    guard text.hasSuffix(".csv") || text.hasSuffix(".tsv") else { return nil }
    let stem = text.dropLast(4)
    return String(stem.hasSuffix("labels") ? stem.dropLast(6).trimmingSuffix("_") : stem)
  }

  private static func checkOne(_ tables: [Path], in directory: Path) throws(DataError) {
    guard tables.count > 1 else { return }
    throw DataError(
      directory.text, expected: "one table of labels, or train.csv and test.csv",
      found: tables.map(\.description).joined(separator: ", "))
  }

  private static func hasFoldersOfClasses(_ directory: Path, _ names: [Path]) -> Bool {
    Self.names[.train]!.contains { part in
      guard names.contains(Path(part)) else { return false }
      let root = directory / Path(part)
      let below = (try? Files.names(inDirectory: root)) ?? []
      return below.contains { !$0.isHidden && isDirectory((root / $0).text) }
    }
  }
}

extension Substring {
  fileprivate func trimmingSuffix(_ suffix: String) -> Substring {
    hasSuffix(suffix) ? dropLast(suffix.count) : self
  }
}

extension ImageInput {
  /// - Parameter path: of the images, for messages.
  /// - Throws: where photographs have other channels.
  func checkChannels(_ path: String) throws(DataError) {
    guard [1, 3].contains(shape.channels) else {
      throw DataError(
        path, expected: "a model with an input of 1 or 3 channels, as images have", found: "\(shape)")
    }
  }
}
