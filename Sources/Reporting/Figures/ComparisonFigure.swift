/// Several runs in one figure: test accuracy and loss by epoch, those of training thin and dashed.
package enum ComparisonFigure {
  package static func name(_ format: FigureFormat) -> String { "comparison.\(format)" }

  /// - Throws: `FigureError` when gnuplot cannot draw it, `OutputError` when it cannot be written.
  package static func draw(_ runs: [RunMetrics], _ format: FigureFormat, to path: String) throws {
    try figure(runs).draw(format, to: path)
  }

  static func figure(_ runs: [RunMetrics]) -> Figure {
    let names = labels(runs)
    func curves(_ metric: String, times factor: Double) -> [Figure.Curve] {
      runs.indices.flatMap { index in
        let color = colors[index % colors.count]
        return [
          Figure.Curve(
            points: runs[index].points("train_\(metric)", times: factor), color: color, isDashed: true,
            width: 0.5),
          Figure.Curve(
            name: names[index], points: runs[index].points("test_\(metric)", times: factor), color: color,
            // Of more runs than colors, those of the same color have different marks.
            mark: marks[(index + index / colors.count) % marks.count]),
        ]
      }
    }
    return Figure(
      title: "\(runs.count) runs: test (solid) and training (dashed)",
      accuracy: curves("accuracy", times: 100), loss: curves("loss", times: 1))
  }

  /// The directories' names, or their paths where two have the same name; of long ones the end.
  private static func labels(_ runs: [RunMetrics]) -> [String] {
    runs.map { run in
      let label = runs.count { $0.name == run.name } > 1 ? run.directory : run.name
      return label.count > 60 ? "...\(label.suffix(57))" : label
    }
  }

  /// The colors of Okabe and Ito (2008), grey in place of their yellow, which print loses.
  static let colors = [
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C8C8C",
  ]

  /// Circle, square, triangles up and down, diamond, pentagon: filled.
  static let marks = [7, 5, 9, 11, 13, 15]
}
