import Foundation

/// A confusion matrix as a picture: a row for each true class, a column for each prediction, and the darker a
/// cell the larger the share of its row.
///
/// The scale of the colors is that of the shares' square roots, so that 1 % is to be seen beside 100 %. Numbers
/// of samples are written into cells that have room for them.
package struct ConfusionFigure: Drawable {
  private let title: String
  /// By class.
  private let names: [String]
  /// By row and column.
  private let counts: [[Int]]

  package var formats: [FigureFormat] { FigureFormat.allCases }

  /// The most classes that there is a picture of: their cells are a pixel or two.
  package static let mostClasses = 1000

  package init(title: String, names: [String], counts: [[Int]]) {
    precondition(
      counts.count == names.count && counts.allSatisfy { $0.count == names.count },
      "\(counts.count) rows for \(names.count) classes")
    self.title = title
    self.names = names.map { shortened($0, to: Self.longestName) }
    self.counts = counts
  }

  // In pixels. From 15 classes on cells get smaller, down to what names need to keep apart.
  private static let (titleHeight, scaleWidth, gap) = (96.0, 240.0, 90.0)
  private static let longestName = 28

  private var cell: Double {
    let count = Double(names.count)
    return count <= 100 ? max(min(1480 / count, max(100, 500 / count)), 16) : 1600 / count
  }

  private var side: Double { cell * Double(names.count) }

  /// The height of the names' letters.
  private var nameSize: Double { min(max(0.8 * cell, 13), 28) }

  /// Room for the longest name, and for what the axis shows.
  private var nameRoom: Double {
    textWidth(names.map(\.count).max() ?? 0, size: nameSize) + Self.gap
  }

  /// Names that are written: all, or every so many.
  private var namedEvery: Int { Int((nameSize * 1.1 / cell).rounded(.up)) }

  /// Names fit beside each other without being turned.
  private var hasLevelNames: Bool {
    textWidth(names.map(\.count).max() ?? 0, size: nameSize) < cell * Double(namedEvery) - 4
  }

  package func script(_ format: FigureFormat) -> [UInt8] {
    let foot = hasLevelNames ? nameSize + Self.gap : nameRoom
    let width = max(nameRoom + side + Self.scaleWidth, textWidth(title.count, size: 32) + 60)
    let height = Self.titleHeight + side + foot
    let size = format.font(nameSize)
    let text = """
      \(format.terminal(width: Int(width), height: Int(height)))
      set label 1 \(Figure.quoted(title)) at screen 0.5,\(1 - 42 / height) center noenhanced
      set lmargin at screen \(nameRoom / width)
      set rmargin at screen \((nameRoom + side) / width)
      set tmargin at screen \(1 - Self.titleHeight / height)
      set bmargin at screen \(foot / height)
      set xrange [-0.5:\(Double(names.count) - 0.5)]
      set yrange [\(Double(names.count) - 0.5):-0.5]
      set border 15 lc rgb '#404040' lw 0.7
      set grid xtics ytics lt 1 lc rgb '#EDEDED' lw 0.4
      set xtics \(ticks) \(hasLevelNames ? "norotate" : "rotate by 90 right") noenhanced \(size)
      set ytics \(ticks) noenhanced \(size)
      set label 2 'prediction' tc rgb '#202020' at screen \((nameRoom + side / 2) / width),\(30 / height) center
      set label 3 'true class' tc rgb '#202020' at screen \(34 / width),\((foot + side / 2) / height) center rotate
      unset key
      \(scale(width: width, format))
      \(cells)
      \(numbers(format))
      unset multiplot

      """
    return Array(text.utf8)
  }

  /// Such as `nomirror out scale 0.4 tc rgb '#404040' ('cat' 0, 'dog' 1)`.
  private var ticks: String {
    let places = stride(from: 0, to: names.count, by: namedEvery)
    // Names of ticks are formats, in which percent signs begin something.
    let list = places.map { "\(Figure.quoted(names[$0].replacing("%", with: "%%"))) \($0)" }
      .joined(separator: ", ")
    return "nomirror out scale 0.4 tc rgb '#404040' (\(list))"
  }

  /// The colors, those of ColorBrewer's YlGnBu behind white, and what they mean.
  private func scale(width: Double, _ format: FigureFormat) -> String {
    let colors = ["FFFFFF", "EDF8B1", "C7E9B4", "7FCDBB", "41B6C4", "1D91C0", "225EA8", "253494", "081D58"]
    let steps = colors.enumerated().map { "\($0) '#\($1)'" }.joined(separator: ", ")
    let ticks = [0, 1, 5, 10, 20, 40, 60, 80, 100].map { "'\($0) %%' \((Double($0) / 100).squareRoot())" }
    let left = (nameRoom + side + 40) / width
    return """
      set palette defined (\(steps))
      set cbrange [0:1]
      set cbtics scale 0.4 \(format.font(26)) tc rgb '#404040' (\(ticks.joined(separator: ", ")))
      set cblabel 'share of the true class' tc rgb '#202020'
      set colorbox user origin screen \(left),graph 0 size screen \(28 / width),graph 1
      """
  }

  /// Samples of a class, by class.
  private var totals: [Int] { counts.map { $0.reduce(0, +) } }

  /// What is not 0, as `column row share count`.
  private func rows(where isShown: (_ share: Double) -> Bool) -> [String] {
    zip(counts, totals).enumerated().flatMap { row, line in
      line.0.enumerated().compactMap { column, count -> String? in
        let share = Double(count) / Double(max(line.1, 1))
        return count > 0 && isShown(share) ? "\(column) \(row) \(share) \(count)" : nil
      }
    }
  }

  private var cells: String {
    plot([
      (
        rows { _ in true },
        "1:2:($1-0.5):($1+0.5):($2-0.5):($2+0.5):(sqrt($3)) with boxxyerror lc palette fs solid noborder"
      )
    ])
  }

  /// The numbers of samples, white where the cell is dark; nothing where they would be too small to read.
  private func numbers(_ format: FigureFormat) -> String {
    let digits = Double("\(counts.flatMap { $0 }.max() ?? 0)".count)
    let size = min(28, 0.6 * cell, 1.45 * cell / digits)
    guard size >= 10 else { return "" }
    let darkFrom = 0.3
    let style = "1:2:4 with labels \(format.font(size)) tc rgb"
    return """
      unset colorbox
      unset border
      unset tics
      unset grid
      unset label
      \(plot([
        (rows { $0 >= darkFrom }, "\(style) '#FFFFFF'"), (rows { $0 < darkFrom }, "\(style) '#202020'"),
      ]))
      """
  }

  /// A plot of blocks of data. Those without rows are left out: gnuplot 5.4 crashes on labels of no data.
  private func plot(_ parts: [(rows: [String], style: String)]) -> String {
    let parts = parts.filter { !$0.rows.isEmpty }.enumerated()
    let blocks = parts.map { "$part\($0) << END\n\($1.rows.joined(separator: "\n"))\nEND\n" }
    let plots = parts.map { "$part\($0) using \($1.style)" }
    return blocks.joined() + "plot \(plots.isEmpty ? "NaN" : plots.joined(separator: ", "))"
  }
}

/// About how many pixels a text of so many letters takes in a usual font.
func textWidth(_ letters: Int, size: Double) -> Double { 0.56 * size * Double(letters) }

/// A text whose middle is left out where it has more than `length` letters.
func shortened(_ text: String, to length: Int) -> String {
  guard text.count > length else { return text }
  let end = (length - 1) / 2
  return "\(text.prefix(length - 1 - end))…\(text.suffix(end))"
}
