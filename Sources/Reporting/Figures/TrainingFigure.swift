/// The figure of one run, `training_metrics.png` and `training_metrics.svg`: accuracy and loss by epoch, on
/// the training and the test data.
package enum TrainingFigure {
  package static func name(_ format: FigureFormat) -> String { "training_metrics.\(format)" }

  /// - Throws: `FigureError` when gnuplot cannot draw it, `OutputError` when it cannot be written.
  package static func draw(_ run: RunMetrics, _ format: FigureFormat, to path: String) throws {
    try figure(run).draw(format, to: path)
  }

  static func figure(_ run: RunMetrics) -> Figure {
    func curves(_ metric: String, times factor: Double) -> [Figure.Curve] {
      parts.compactMap { part in
        let points = run.points("\(part.name)_\(metric)", times: factor)
        return points.isEmpty
          ? nil
          : Figure.Curve(
            name: part.name, points: points, color: part.color, isDashed: part.isDashed, mark: part.mark)
      }
    }
    return Figure(
      title: run.title, accuracy: curves("accuracy", times: 100), loss: curves("loss", times: 1))
  }

  /// Told apart by color (Okabe and Ito 2008), mark and dashes, each alone. A run without validation has no
  /// such columns.
  private static let parts = [
    (name: "train", color: "#0072B2", isDashed: true, mark: 6),
    (name: "validation", color: "#009E73", isDashed: false, mark: 9),
    (name: "test", color: "#D55E00", isDashed: false, mark: 7),
  ]
}
