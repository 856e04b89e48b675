import Files

/// A file of metrics that cannot be read.
package struct MetricsFileError: Error, Equatable, CustomStringConvertible {
  package let description: String
}

/// `metrics.csv` as it reads back: columns by their names, in any order, those of this program or more.
package struct MetricsTable: Sendable {
  private let columns: [String: [Double]]

  package init(path: String) throws(MetricsFileError) {
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try readFile(path, as: "a file with a row an epoch")
    } catch {
      throw MetricsFileError(description: error.description)
    }
    do throws(RowError) {
      columns = try Self.columns(String(decoding: bytes, as: UTF8.self))
    } catch {
      throw MetricsFileError(description: "\(Path(path)), \(error.place): expected \(error.expected)")
    }
  }

  /// What is wrong, and where in the file.
  private struct RowError: Error {
    let place: String
    let expected: String
  }

  private static func columns(_ text: String) throws(RowError) -> [String: [Double]] {
    let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
    let names = lines[0].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    for name in EpochMetrics.requiredColumns where !names.contains(name) {
      throw RowError(place: "line 1", expected: "a column \(name), found \"\(lines[0].prefix(200))\"")
    }
    var columns: [String: [Double]] = [:]
    for (number, line) in lines.enumerated().dropFirst() where !line.isEmpty {
      let cells = line.split(separator: ",", omittingEmptySubsequences: false)
      guard cells.count == names.count else {
        throw RowError(place: "line \(number + 1)", expected: "\(names.count) values, found \(cells.count)")
      }
      for (name, cell) in zip(names, cells) {
        guard let value = Double(cell) else {
          throw RowError(
            place: "line \(number + 1), column \(name)", expected: "a number, found \"\(cell.prefix(40))\"")
        }
        columns[name, default: []].append(value)
      }
    }
    guard !columns.isEmpty else { throw RowError(place: "line 2", expected: "a row an epoch, found none") }
    return columns
  }

  /// The values of a column, by row; empty where there is no such column.
  package subscript(_ name: String) -> [Double] { columns[name] ?? [] }
}

extension EpochMetrics {
  /// The columns that a file must have to be drawn.
  static let requiredColumns = ["epoch", "train_loss", "train_accuracy", "test_loss", "test_accuracy"]
}
