import Files

/// Tar archives of images and their classes, by WebDataset's convention:
///
///     train-000.tar  train-001.tar ...  test-000.tar       see `PartFiles`
///     n01/img7.jpg  n01/img7.cls                           a number, or a name of a class
///     n01/img8.png  n01/img8.json                          {"label": 3}, {"class": "cat"} or {"cls": ...}
///
/// Entries belong together that are the same up to the first dot of the last part of their names. Names of classes
/// are in the order of their bytes, or of a file `classes.txt` beside the archives, a line each.
///
/// Only an index is made: images are read where they are in the archives, in any order, so that an epoch shuffles all
/// of them, reproducibly, where WebDataset shuffles archives and within a window.
struct TarShards: DataFormat {
  private let files: PartFiles
  private let train: TarSamples
  private let numbers: ClassNumbers

  /// Nil where there are no such files.
  init?(_ directory: Path, _ names: [Path], _ options: DataOptions) throws(DataError) {
    guard let files = try PartFiles(directory, names, ending: ".tar") else { return nil }
    try self.init(files, beside: directory, options)
  }

  /// One file.
  init(_ path: Path, _ options: DataOptions) throws(DataError) {
    try self.init(PartFiles(path), beside: path.directory, options)
  }

  private init(_ files: PartFiles, beside directory: Path, _ options: DataOptions) throws(DataError) {
    self.files = files
    train = try TarSamples(files.paths[.train] ?? [])
    let path = directory.text
    numbers = try ClassNumbers(
      train.classes, listed: try Self.listedClasses(directory / Path("classes.txt")),
      first: options.firstLabel, path: path)
  }

  func load(_ part: DataPart, as input: ImageInput) throws(DataError) -> (any Dataset)? {
    guard let paths = files.paths[part] else { return nil }
    let samples = part == .train ? train : try TarSamples(paths)
    try input.checkChannels(samples.path)
    let (labels, classes) = try numbers.labels(of: samples.classes, isTrain: part == .train)
    return EncodedImages(
      sources: samples.sources, labels: labels, classes: classes, classNames: numbers.names, input: input)
  }

  /// Nil where there is no such file.
  private static func listedClasses(_ path: Path) throws(DataError) -> [String]? {
    guard exists(path.text) else { return nil }
    let text = try readFile(path.text)
    let lines = String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
    guard lines.count > 1, Set(lines).count == lines.count else {
      throw DataError(
        path.text, expected: "at least 2 classes, a line each",
        found: lines.count > 1 ? "a line twice" : "\(lines.count)")
    }
    return lines
  }

  /// The error where there is nothing but compressed archives; nil where there are none.
  static func compressed(_ directory: Path, _ names: [Path]) -> DataError? {
    let endings = [".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst"]
    guard let name = names.first(where: { name in endings.contains { name.text.hasSuffix($0) } }) else {
      return nil
    }
    return DataError(
      (directory / name).text, expected: "tar archives that are not compressed", found: "a compressed one",
      hint: "unpack it first: images in a compressed archive cannot be read in any order")
  }
}

/// The images of several archives and what these say of their classes.
private struct TarSamples {
  private(set) var sources: [EncodedImages.Source] = []
  let classes: ClassTexts
  /// Of the first archive, for messages.
  let path: String

  /// Endings of images.
  private static let images = ["jpg", "jpeg", "png"]
  /// Endings of classes, of which the first counts that is there.
  private static let labels = ["cls", "json"]

  /// The most bytes of a file with a class.
  private static let longest = 1 << 20

  /// The entries of an archive that belong together.
  private struct Sample {
    var image: TarArchive.Entry?
    var label: (entry: TarArchive.Entry, ending: String)?
  }

  /// - Throws: where an archive is damaged, or an image has no class.
  init(_ paths: [Path]) throws(DataError) {
    var texts: [String] = []
    for path in paths {
      let archive = try TarArchive(path: path.text)
      for (key, sample) in try Self.samples(of: archive) {
        let name = "\(path), \(Path(bytes: key))"
        guard let image = sample.image, let label = sample.label else {
          throw DataError(
            name, expected: "an image and a class, such as .jpg and .cls",
            found: sample.image == nil ? "no image" : "no class")
        }
        sources.append(
          EncodedImages.Source(path: path, range: image.range, name: "\(path.text)/\(image.name.text)"))
        texts.append(try Self.text(of: label.entry, label.ending, in: path))
      }
    }
    path = paths.first?.text ?? ""
    guard !texts.isEmpty else {
      throw DataError(
        path, expected: "images with classes, such as 0001.jpg and 0001.cls", found: "none in the archive")
    }
    let names = sources.map(\.name)
    classes = ClassTexts(texts: texts, place: { names[$0] })
  }

  /// In the order of their first entries.
  private static func samples(
    of archive: TarArchive
  ) throws(DataError) -> [(key: ArraySlice<UInt8>, sample: Sample)] {
    var samples: [(key: ArraySlice<UInt8>, sample: Sample)] = []
    var places: [ArraySlice<UInt8>: Int] = [:]
    for entry in archive.entries where !entry.name.isHidden {
      let (key, ending) = parts(of: entry.name)
      let (isImage, isLabel) = (images.contains(ending), labels.contains(ending))
      guard isImage || isLabel else { continue }
      let place = places[key] ?? samples.count
      if place == samples.count {
        places[key] = place
        samples.append((key, Sample()))
      }
      let other = samples[place].sample
      if isImage, other.image == nil {
        samples[place].sample.image = entry
      } else if isLabel, other.label?.ending != ending {
        if other.label == nil || ending == labels[0] { samples[place].sample.label = (entry, ending) }
      } else {
        throw DataError(
          archive.path, expected: "one \(isImage ? "image" : "class") of \(Path(bytes: key))",
          found: "\(entry.name), too")
      }
    }
    return samples
  }

  /// What comes before the first dot of the last part, and in small letters what comes behind it.
  private static func parts(of name: Path) -> (key: ArraySlice<UInt8>, ending: String) {
    let start = name.bytes.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
    guard let dot = name.bytes[start...].firstIndex(of: UInt8(ascii: ".")) else {
      return (name.bytes[...], "")
    }
    return (name.bytes[..<dot], String(decoding: name.bytes[(dot + 1)...], as: UTF8.self).lowercased())
  }

  /// `{"label": 3}`, `{"class": "cat"}` or `{"cls": 3}`: the first of them that is there.
  private struct Description: Decodable {
    let label: Value?
    let `class`: Value?
    let cls: Value?

    /// A number or a name, as text.
    struct Value: Decodable {
      let text: String

      init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        text =
          if let number = try? value.decode(Int.self) { "\(number)" } else { try value.decode(String.self) }
      }
    }
  }

  private static func text(
    of entry: TarArchive.Entry, _ ending: String, in archive: Path
  ) throws(DataError) -> String {
    let place = "\(archive), \(entry.name)"
    guard entry.range.count <= longest else {
      throw DataError(place, expected: "a class in at most \(longest) bytes", found: "\(entry.range.count)")
    }
    let bytes = try readPart(of: archive.text, entry.range)
    if ending == "json" {
      let json = try decodeJSON(Description.self, from: bytes, path: place, as: "a description of an image")
      guard let value = json.label ?? json.class ?? json.cls else {
        throw DataError(place, expected: "\"label\", \"class\" or \"cls\"", found: "none of them")
      }
      return value.text
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw DataError(
        place, expected: "a class in UTF-8", found: shown(String(decoding: bytes, as: UTF8.self)))
    }
    let lines = text.split(whereSeparator: \.isNewline)
    guard lines.count == 1 else {
      throw DataError(place, expected: "a class in one line", found: "\(lines.count) lines")
    }
    let spaces = lines[0].prefix { $0 == " " }.count
    let end = lines[0].lastIndex { $0 != " " }
    return end.map { String(lines[0].dropFirst(spaces).prefix(through: $0)) } ?? ""
  }
}
