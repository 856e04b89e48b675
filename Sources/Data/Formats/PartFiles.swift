import Files

/// The files of a data set that is divided into many, by parts:
///
///     0.npz  1.npz ...                                  training images only
///     train-000.tar  train-001.tar ...  test-000.tar    by what names begin with: train, and test or val
///     train/000.tar ...  test/000.tar (or val/000.tar)  by directories
struct PartFiles {
  /// Paths in natural order, at least one of training images.
  let paths: [DataPart: [Path]]
  /// Names or directories tell the parts.
  let areTold: Bool

  private static let testNames = ["test", "val", "valid", "validation"]

  /// Nil where there are no such files.
  ///
  /// - Parameter ending: of their names, such as `.npz`.
  init?(_ directory: Path, _ names: [Path], ending: String) throws(DataError) {
    func files(in directory: Path, _ names: [Path]) -> [Path] {
      names.filter { !$0.isHidden && $0.text.lowercased().hasSuffix(ending) }.naturallySorted()
        .map { directory / $0 }
    }
    func files(below part: String) throws(DataError) -> [Path] {
      guard names.contains(Path(part)), isDirectory((directory / Path(part)).text) else { return [] }
      return files(in: directory / Path(part), try Files.names(inDirectory: directory / Path(part)))
    }
    func first(_ parts: [String], _ files: (String) throws(DataError) -> [Path]) throws(DataError) -> [Path] {
      for part in parts {
        let found = try files(part)
        if !found.isEmpty { return found }
      }
      return []
    }
    let here = files(in: directory, names)
    guard !here.isEmpty else {
      let train = try first(["train", "training"], files(below:))
      guard !train.isEmpty else { return nil }
      self.init([.train: train, .test: try first(Self.testNames, files(below:))], areTold: true)
      return
    }
    func begins(_ path: Path, with part: String) -> Bool { path.last.text.lowercased().hasPrefix(part) }
    let train = here.filter { begins($0, with: "train") }
    let rest = here.filter { path in !["train", "test", "val"].contains { begins(path, with: $0) } }
    let test = try first(["test", "val"]) { part in here.filter { begins($0, with: part) } }
    guard train.isEmpty != rest.isEmpty else {
      throw DataError(
        directory.text, expected: "files of training images, or names that all begin with train, test or val",
        found: "\((train.first ?? here[0]).last)" + (rest.isEmpty ? "" : " and \(rest[0].last)"))
    }
    self.init([.train: train + rest, .test: test], areTold: rest.isEmpty || !test.isEmpty)
  }

  private init(_ paths: [DataPart: [Path]], areTold: Bool) {
    (self.paths, self.areTold) = (paths.filter { !$0.value.isEmpty }, areTold)
  }

  /// One file of whichever part.
  init(_ file: Path) { self.init([.train: [file]], areTold: false) }
}
