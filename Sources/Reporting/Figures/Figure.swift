import Files

/// A file format of figures.
package enum FigureFormat: String, CaseIterable, Sendable {
  case png
  case svg
}

/// Panels side by side under a title and a legend: what gnuplot is told to draw.
struct Figure {
  /// A line through points, with a mark at some of them.
  struct Curve {
    enum Form {
      case line
      /// Marks alone, with error bars where there are bounds.
      case points
      /// The area between the bounds.
      case band
    }

    /// In the legend; nil to leave it out.
    var name: String?
    /// Those that are not finite interrupt the line.
    var points: [(x: Double, y: Double)]
    /// Such as `#0072B2`.
    var color: String
    var isDashed = false
    /// Times the usual one.
    var width = 1.0
    /// A point type of gnuplot.
    var mark: Int?
    var form = Form.line
    /// By point: what error bars and bands reach to.
    var bounds: [ClosedRange<Double>]?
  }

  struct Panel {
    var xLabel: String
    var yLabel: String
    var x: Axis
    var y: Axis
    var curves: [Curve]
  }

  var title: String
  var panels: [Panel]

  /// Draws the figure and puts it in place.
  ///
  /// - Throws: `FigureError` or `OutputError`.
  func draw(_ format: FigureFormat, to path: String) throws {
    try writeAtomically(try DrawingProgram.gnuplot.draw(script(format)), to: path)
  }

  // In pixels, as a figure of 18 cm at 250 dots an inch.
  private static let width = 1800.0
  private static let (titleHeight, legendLine, panelHeight, footHeight) = (96.0, 44.0, 560.0, 130.0)
  private static let (left, gap, right) = (150.0, 170.0, 30.0)

  func script(_ format: FigureFormat) -> String {
    let legend = legend(format)
    let head = Self.titleHeight + Self.legendLine * Double(legend.lines)
    let height = head + Self.panelHeight + Self.footHeight
    let room = Self.width - Self.left - Self.right - Self.gap * Double(panels.count - 1)
    let panelWidth = room / Double(panels.count)
    var lines = [format.terminal(width: Int(Self.width), height: Int(height))]
    lines.append("set label 1 \(Self.quoted(title)) at screen 0.5,\(1 - 42 / height) center noenhanced")
    lines.append("set key at screen 0.5,\(1 - (Self.titleHeight - 20) / height) center top")
    lines.append(legend.script)
    lines.append(Self.style)
    lines.append("set tmargin at screen \(1 - head / height)")
    lines.append("set bmargin at screen \(Self.footHeight / height)")
    for (index, panel) in panels.enumerated() {
      let start = Self.left + (panelWidth + Self.gap) * Double(index)
      lines.append("set lmargin at screen \(start / Self.width)")
      lines.append("set rmargin at screen \((start + panelWidth) / Self.width)")
      lines += panel.script(index, markSize: format.markSize)
    }
    return lines.joined(separator: "\n") + "\nunset multiplot\n"
  }

  private static let style = """
    set border 3 lc rgb '#404040' lw 0.7
    set grid xtics ytics lt 1 lc rgb '#E4E4E4' lw 0.6
    """

  /// A text as gnuplot takes it literally.
  static func quoted(_ text: String) -> String {
    "'\(text.replacing("'", with: "''").filter { !$0.isNewline })'"
  }
}

extension FigureFormat {
  /// What a script begins with that draws a picture of so many pixels, one plot or several.
  func terminal(width: Int, height: Int) -> String {
    "set terminal \(terminal) size \(width),\(height) linewidth 2.4 background rgb 'white'\n"
      + "set encoding utf8\nset multiplot"
  }

  /// With a font of 8 points in print. The terminals differ in how large they take a point.
  private var terminal: String {
    switch self {
    case .png: "pngcairo font 'Helvetica,24'"
    case .svg: "svg dynamic font 'Helvetica,Arial,sans-serif,26'"
    }
  }

  /// The font whose letters are so many pixels high, with what is above and below them.
  func font(_ pixels: Double) -> String {
    "font ',\(Int((pixels * (self == .png ? 0.75 : 0.81)).rounded()))'"
  }

  fileprivate var markSize: Double { self == .png ? 1.7 : 0.65 }
  fileprivate var legendSpacing: Double { self == .png ? 1.3 : 1.1 }
}

extension Figure {
  /// The named curves of the first panel in as few lines as their names allow: a plot of nothing, as wide as
  /// the figure, as gnuplot makes no legend wider than its plot.
  private func legend(_ format: FigureFormat) -> (lines: Int, script: String) {
    let curves = panels.first?.curves.filter { $0.name != nil } ?? []
    // As wide as gnuplot takes an entry to be.
    let entry = Double(curves.compactMap { $0.name?.count }.max() ?? 0) * 18 + 130
    let columns = max(Int(Self.width / entry), 1)
    let lines = (curves.count + columns - 1) / columns
    let entries = curves.map { "NaN \($0.style(format.markSize)) title \(Self.quoted($0.name!)) noenhanced" }
    let script = """
      set key vertical maxrows \(max(lines, 1)) maxcols auto Left reverse samplen 2.5 spacing \(format.legendSpacing) width 2
      unset border
      unset xtics
      unset ytics
      set lmargin at screen 0
      set rmargin at screen 1
      plot [0:1] [0:1] \(entries.joined(separator: ", "))
      unset label 1
      unset key
      """
    return (lines, script)
  }
}

extension Figure.Panel {
  /// What draws the panel.
  fileprivate func script(_ index: Int, markSize: Double) -> [String] {
    var lines = curves.enumerated().map { number, curve in
      // What is no number interrupts a line.
      let rows = curve.points.enumerated().map { place, point in
        let bounds = curve.bounds.map { " \($0[place].lowerBound) \($0[place].upperBound)" } ?? ""
        return point.x.isFinite && point.y.isFinite ? "\(point.x) \(point.y)\(bounds)" : "NaN NaN NaN NaN"
      }
      return "$panel\(index)curve\(number) << END\n\(rows.joined(separator: "\n"))\nEND"
    }
    lines.append("set xlabel \(Figure.quoted(xLabel)) noenhanced offset 0,-0.2 tc rgb '#202020'")
    lines.append("set ylabel \(Figure.quoted(yLabel)) noenhanced tc rgb '#202020'")
    lines += axis("x", x) + axis("y", y)
    let isEmpty = curves.allSatisfy { $0.points.allSatisfy { !$0.y.isFinite } }
    lines.append(
      isEmpty ? "set label 2 'no finite values' at graph 0.5,0.5 center tc rgb '#808080'" : "unset label 2")
    let plots = curves.enumerated().map { number, curve in
      "$panel\(index)curve\(number) using \(curve.columns) \(curve.style(markSize))"
    }
    lines.append("plot \(plots.joined(separator: ", \\\n  "))")
    return lines
  }

  private func axis(_ name: String, _ axis: Axis) -> [String] {
    let ticks = axis.ticks.map { "'\($0.label)' \($0.place)" }.joined(separator: ", ")
    return [
      "set \(name)range [\(axis.range.lowerBound):\(axis.range.upperBound)]",
      "\(axis.isLogarithmic ? "set" : "unset") logscale \(name)",
      ticks.isEmpty
        ? "unset \(name)tics" : "set \(name)tics nomirror out scale 0.6 tc rgb '#404040' (\(ticks))",
    ]
  }
}

extension Figure.Curve {
  /// What is drawn of the columns x, y, lower and upper bound.
  fileprivate var columns: String {
    switch form {
    case .line: "1:2"
    case .points: bounds == nil ? "1:2" : "1:2:3:4"
    case .band: "1:3:4"
    }
  }

  /// Marks at no more than some thirty points, so that they can be told apart.
  fileprivate func style(_ markSize: Double) -> String {
    let line = "lc rgb '\(color)' lw \(1.4 * width) dt \(isDashed ? "(9,5)" : "solid")"
    if form == .band { return "with filledcurves fc rgb '\(color)' fs transparent solid 0.15 noborder" }
    guard let mark else { return "with lines \(line)" }
    if form == .points {
      return "with \(bounds == nil ? "points" : "yerrorbars") \(line) pt \(mark) ps \(markSize)"
    }
    let interval = max((points.count + 29) / 30, 1)
    return "with linespoints \(line) pt \(mark) ps \(markSize) pointinterval \(interval)"
  }
}
