import Tensors

/// Features of images: a row of numbers for each, in the order of classes and then of names.
package struct FeatureTable: Sendable {
  /// File names of the images, by row.
  package let names: [String]
  /// In the order of their bytes.
  package let classNames: [String]
  /// The rows of each class, one behind the other.
  package let classRows: [Range<Int>]
  package let columns: Int
  /// (rows, columns).
  package let values: SharedBuffer<Float>

  package var rows: Int { names.count }

  /// - Parameter values: rows in the order of `names`, whose order is that of `sorted`.
  package init(sortedNames names: [String], columns: Int, values: SharedBuffer<Float>) {
    precondition(values.span.count == names.count * columns, "\(names.count) rows of \(columns) numbers")
    (self.names, self.columns, self.values) = (names, columns, values)
    var classNames: [String] = []
    var classRows: [Range<Int>] = []
    for (row, name) in names.enumerated() {
      let className = Self.className(ofImage: name)
      if className != classNames.last {
        classNames.append(className)
        classRows.append(row..<row)
      }
      classRows[classRows.count - 1] = classRows.last!.lowerBound..<row + 1
    }
    (self.classNames, self.classRows) = (classNames, classRows)
  }

  /// The class of an image: its file name up to the last `_`, such as `wheaten_terrier` of
  /// `wheaten_terrier_12.jpg`; all of it where there is none.
  package static func className(ofImage name: String) -> String {
    guard let end = name.lastIndex(of: "_"), end > name.startIndex else { return name }
    return String(name[..<end])
  }

  /// The order of rows: by class, then by name, both by their bytes.
  package static func sorted(_ names: [String]) -> [String] {
    names.map { (Array(className(ofImage: $0).utf8), Array($0.utf8), $0) }
      .sorted {
        $0.0 != $1.0 ? $0.0.lexicographicallyPrecedes($1.0) : $0.1.lexicographicallyPrecedes($1.1)
      }
      .map(\.2)
  }

}
