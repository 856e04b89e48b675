import Files

/// A directory of photographs, in one of these forms, as it is or below `train` and `test` or `val`:
///
///     cat/IMG_1.jpg  dog/IMG_7.png          a directory a class
///     Abyssinian_100.jpg  beagle_3.jpg      the class up to the last underscore of the name
///
/// Classes are numbered in the order of the bytes of their names. Names that begin with a dot are passed over.
struct ImageFolder: DataFormat {
  private let directory: Path
  private let parts: [DataPart: Path]
  /// By the training images.
  private let classNames: [String]
  private let trainSamples: [Sample]

  private struct Sample {
    let path: Path
    let className: String
  }

  /// Nil where neither images nor directories are in it.
  init?(_ directory: Path, _ names: [Path]) throws(DataError) {
    func first(of candidates: [String]) -> Path? {
      candidates.map { directory / Path($0) }.first { isDirectory($0.text) }
    }
    if let train = first(of: ["train", "training"]) {
      parts = [.train: train, .test: first(of: ["test", "val", "valid", "validation"])].compactMapValues {
        $0
      }
    } else {
      let isFolder = names.contains { name in
        !name.isHidden && (Self.mayBeImage(name) || isDirectory((directory / name).text))
      }
      guard isFolder else { return nil }
      parts = [.train: directory]
    }
    self.directory = directory
    let train = try Self.listed(parts[.train]!, of: directory)
    trainSamples = train.samples
    classNames = try SortedClasses.names(train.classes, of: parts[.train]!.text)
    guard classNames.count > 1 else {
      throw DataError(
        parts[.train]!.text, expected: "images of at least 2 classes",
        found: classNames.isEmpty ? "no images" : "only \(shown(classNames[0]))",
        hint: "a class is a directory, or what a file's name has before its last underscore")
    }
    guard !trainSamples.isEmpty else {
      throw DataError(
        parts[.train]!.text, expected: "images in the directories of the classes",
        found: "none in \(classNames.prefix(3).map(shown).joined(separator: ", "))")
    }
  }

  /// One part; nil where there is none.
  func load(_ part: DataPart, as input: ImageInput) throws(DataError) -> (any Dataset)? {
    guard let root = parts[part] else { return nil }
    try input.checkChannels(root.text)
    let samples = part == .train ? trainSamples : try Self.listed(root, of: directory).samples
    guard !samples.isEmpty else { return nil }
    let numbers = Dictionary(uniqueKeysWithValues: classNames.enumerated().map { ($1, Int32($0)) })
    var labels: [Int32] = []
    for sample in samples {
      guard let label = numbers[sample.className] else {
        throw DataError(
          sample.path.text, expected: "one of the \(classNames.count) classes of the training images",
          found: shown(sample.className))
      }
      labels.append(label)
    }
    return EncodedImages(
      sources: samples.map { EncodedImages.Source(path: $0.path) }, labels: labels, classNames: classNames,
      input: input)
  }

  /// The images, in the order of the paths' bytes, and all classes, also those without images.
  ///
  /// - Parameter whole: the data set's directory, which no link in it leads back to.
  private static func listed(
    _ root: Path, of whole: Path
  ) throws(DataError) -> (samples: [Sample], classes: Set<String>) {
    let listing = try DirectoryListing(root)
    let directories = listing.directories.filter { !$0.isHidden }
    let files = listing.others.filter { !$0.isHidden && mayBeImage($0) }
    guard !directories.isEmpty else {
      let samples = try files.map { name throws(DataError) in
        let text = name.text
        guard let end = text.lastIndex(of: "_"), end > text.startIndex else {
          throw DataError(
            (root / name).text,
            expected: "a name with its class before the last underscore, as in beagle_3.jpg",
            found: "none", hint: "or put the images of each class into a directory of its own")
        }
        return Sample(path: root / name, className: String(text[..<end]))
      }
      return (samples, Set(samples.map(\.className)))
    }
    if let loose = files.first {
      throw DataError(
        root.text, expected: "images in the directories of their classes",
        found: "\(loose) beside \(directories.count) directories")
    }
    var samples: [Sample] = []
    for directory in directories {
      let tree = FileTree(root / directory, outside: [root, whole]) { !($0.last.isHidden) && mayBeImage($0) }
      if let error = tree.errors.first { throw error }
      samples += tree.files.map { Sample(path: $0, className: directory.text) }
    }
    return (samples, Set(directories.map(\.text)))
  }

  /// What the names of files end with that are no images, such as the archive that they were unpacked from.
  private static let others = [
    "thumbs.db", "desktop.ini", ".txt", ".csv", ".tsv", ".json", ".xml", ".md", ".mat", ".pkl", ".tar", ".gz",
    ".tgz",
    ".bz2", ".xz", ".zst", ".zip",
  ].map { Array($0.utf8) }

  /// All files but those that are known to be no images; what the others are is told by their content.
  private static func mayBeImage(_ path: Path) -> Bool { !others.contains(where: path.ends(with:)) }
}
