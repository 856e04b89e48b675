import Files

/// A table that tells the class of image files: a `.csv` or `.tsv` file with a record for each of them.
///
///     file,label                     image<tab>class            cats/1.jpg,0
///     cats/1.jpg,cat                 cats/1.jpg<tab>cat         dogs/7.jpg,1
///
/// A header that names the two columns may have others beside them. Without such a header there are two columns, and
/// the one whose fields end as the names of image files do has the files. They are named relative to the directory of
/// the table.
struct LabelTable {
  let path: Path
  let sources: [EncodedImages.Source]
  let classes: ClassTexts

  private static let fileColumns: Set<String> = [
    "file", "files", "filename", "file_name", "filepath", "file_path", "filepaths", "path", "image", "images",
    "image_name", "image_path", "image_id", "img", "id",
  ]
  private static let labelColumns: Set<String> = [
    "label", "labels", "class", "classes", "class_name", "class_id", "category", "target", "species", "breed",
  ]

  /// Which columns of a table have what, and whether its first record only names them.
  private struct Columns {
    let file: Int
    let label: Int
    let hasHeader: Bool

    /// Nil where the table is one of something else.
    init?(_ records: [DelimitedText.Record]) {
      guard let first = records.first?.fields, first.count > 1 else { return nil }
      let names = first.map { String(decoding: $0, as: UTF8.self).lowercased().replacing(" ", with: "_") }
      if let file = names.firstIndex(where: LabelTable.fileColumns.contains),
        let label = names.firstIndex(where: LabelTable.labelColumns.contains)
      {
        (self.file, self.label, hasHeader) = (file, label, true)
        return
      }
      guard first.count == 2 else { return nil }
      hasHeader = !first.contains(where: Self.isImage)
      guard let record = hasHeader ? records.dropFirst().first : records[0], record.fields.count == 2,
        let file = record.fields.firstIndex(where: Self.isImage)
      else { return nil }
      (self.file, label) = (file, 1 - file)
    }

    private static func isImage(_ field: [UInt8]) -> Bool {
      let name = String(decoding: field.suffix(5), as: UTF8.self).lowercased()
      return ImageFile.endings.contains { name.hasSuffix($0) }
    }
  }

  /// The file begins as such a table.
  static func isLikely(_ path: Path) -> Bool {
    guard let start = try? readStart(of: path.text, 1 << 16) else { return false }
    return Columns(DelimitedText.first(2, of: start)) != nil
  }

  /// - Throws: where it is no table of files and labels, or one of the files is not there.
  init(_ path: Path) throws(DataError) {
    let records = try DelimitedText(bytes: readFile(path.text), path: path.text).records
    guard let columns = Columns(records) else {
      let first = records.first?.fields.prefix(4).map { shown(String(decoding: $0, as: UTF8.self)) }
      throw DataError(
        path.text, expected: "a table of image files and their labels",
        found: first.map { "a first line of \($0.joined(separator: ", "))" } ?? "no lines",
        hint: "a header file,label names the columns that count")
    }
    let rows = Array(columns.hasHeader ? records[1...] : records[...])
    guard !rows.isEmpty else { throw DataError(path.text, expected: "images", found: "only a header") }
    self.path = path
    let directory = path.directory
    sources = rows.map { row in
      let file = row.fields[columns.file]
      let isAbsolute = file.first == UInt8(ascii: "/")
      return EncodedImages.Source(path: isAbsolute ? Path(bytes: file) : directory / Path(bytes: file))
    }
    let lines = rows.map(\.line)
    let text = path.text
    classes = ClassTexts(
      texts: rows.map { String(decoding: $0.fields[columns.label], as: UTF8.self) },
      place: { "\(text), line \(lines[$0])" })
    for (index, row) in rows.enumerated() {
      guard String(validating: row.fields[columns.label], as: UTF8.self) != nil else {
        throw DataError(
          classes.place(index), expected: "a label in UTF-8", found: shown(classes.texts[index]))
      }
    }
    try checkFiles(rows.map { $0.fields[columns.file] })
  }

  /// Each is there, and has one class however often it is named.
  private func checkFiles(_ names: [[UInt8]]) throws(DataError) {
    let missing = sources.indices.filter { names[$0].isEmpty || !exists(sources[$0].path.text) }
    if let first = missing.first {
      let others = missing.count > 1 ? ", and \(missing.count - 1) more are not there" : ""
      throw DataError(
        classes.place(first), expected: "a file that is there",
        found: names[first].isEmpty ? "no name" : "\(sources[first].path)\(others)",
        hint: "files are named relative to the directory of the table")
    }
    var seen: [Path: Int] = [:]
    for (index, source) in sources.enumerated() {
      guard let other = seen.updateValue(index, forKey: source.path),
        classes.texts[other] != classes.texts[index]
      else { continue }
      throw DataError(
        classes.place(index), expected: "one class of \(Path(bytes: names[index]))",
        found: "\(shown(classes.texts[index])), and \(shown(classes.texts[other])) before")
    }
  }
}
