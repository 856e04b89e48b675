import Files
import Hashing

/// Which rows are trained on, and which are tested.
package enum RowSplit: Sendable {
  /// Those whose `uniform` number is below the share: the rows of a smaller share are among those of a larger one.
  case share(Double, seed: UInt64)
  /// Those of these names.
  case listed(Set<String>, label: Double)

  /// The share of rows that are trained on, as it was asked for.
  package var share: Double {
    switch self {
    case .share(let share, _): share
    case .listed(_, let label): label
    }
  }

  package func trains(on name: String) -> Bool {
    switch self {
    case .share(let share, let seed): Self.uniform(name, seed: seed) < share
    case .listed(let names, _): names.contains(name)
    }
  }

  /// A number in [0, 1) that is a function of seed and file name alone: the first 53 bits of the XXH3 hash of
  /// `SEED/NAME`.
  package static func uniform(_ name: String, seed: UInt64) -> Double {
    let text = Array("\(seed)/\(name)".utf8)
    return Double(Fingerprint(text.span.bytes).high >> 11) * 0x1p-53
  }
}

extension RowSplit {
  /// Reads splits from a table of two columns, the share of a split and the name of an image that is trained on in it,
  /// with or without the header `split,file`.
  ///
  /// - Returns: the splits in the order of their shares.
  /// - Throws: `FileError` when it is no such table.
  package static func read(_ path: String) throws(FileError) -> [RowSplit] {
    let text = try DelimitedText(bytes: try readFile(path), path: path)
    var rows: [Double: Set<String>] = [:]
    for (number, record) in text.records.enumerated() {
      let fields = record.fields.map { String(decoding: $0, as: UTF8.self) }
      guard fields.count == 2 else {
        throw FileError(path, expected: "two columns, split and file", found: "\(fields.count)")
      }
      guard let share = Double(fields[0]), share > 0, share <= 1 else {
        if number == 0 { continue }
        throw FileError(
          "\(path), line \(record.line)", expected: "the share of a split, more than 0 and up to 1",
          found: "\"\(fields[0])\"")
      }
      rows[share, default: []].insert(fields[1])
    }
    guard !rows.isEmpty else { throw FileError(path, expected: "rows of splits", found: "none") }
    return rows.sorted { $0.key < $1.key }.map { .listed($0.value, label: $0.key) }
  }
}
