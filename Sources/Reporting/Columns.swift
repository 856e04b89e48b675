import Files

/// A table of texts, indented by two: the first column flush left, the others flush right, two spaces
/// between.
///
/// - Precondition: all rows have as many columns as the header.
package func columns(_ header: [String], _ rows: [[String]]) -> String {
  // Names may come from files: none breaks a row, or does anything to a terminal.
  let all = [header] + rows.map { $0.map { escaped($0, length: .max) } }
  precondition(all.allSatisfy { $0.count == header.count }, "rows of \(all.map(\.count)) columns")
  let widths = header.indices.map { column in all.map { $0[column].count }.max()! }
  return all.map { row in
    let cells = zip(row, widths).enumerated().map { column, cell in
      let space = String(repeating: " ", count: cell.1 - cell.0.count)
      return column == 0 ? cell.0 + space : space + cell.0
    }
    return "  " + cells.joined(separator: "  ")
  }.joined(separator: "\n")
}
