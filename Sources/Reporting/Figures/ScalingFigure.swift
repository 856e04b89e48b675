/// What a figure shows of a scaling study.
package struct ScalingCurve: Sendable {
  package struct Point: Sendable {
    package var ranks: Int
    package var imagesPerSecond: Double
    /// The ends of the confidence interval, where there is one.
    package var bounds: ClosedRange<Double>?
    package var isOversubscribed: Bool

    package init(ranks: Int, imagesPerSecond: Double, bounds: ClosedRange<Double>?, isOversubscribed: Bool) {
      self.ranks = ranks
      self.imagesPerSecond = imagesPerSecond
      self.bounds = bounds
      self.isOversubscribed = isOversubscribed
    }
  }

  package var name: String
  /// At least one, in order of ranks.
  package var measured: [Point]
  /// The model's points, with its band; empty without one.
  package var model: [Point]

  package init(name: String, measured: [Point], model: [Point]) {
    self.name = name
    self.measured = measured
    self.model = model
  }

  /// Images a second of one rank, or of a rank of the fewest.
  fileprivate var speedOfOne: Double { measured[0].imagesPerSecond / Double(measured[0].ranks) }
}

/// Scaling studies in one figure: images a second over ranks as far as the models go, and the efficiency
/// over ranks somewhat beyond the measured ones.
package enum ScalingFigure {
  /// - Returns: the picture, a file of `format`.
  /// - Throws: `FigureError` when gnuplot cannot draw it.
  package static func draw(_ curves: [ScalingCurve], title: String, _ format: FigureFormat) throws -> [UInt8]
  {
    try DrawingProgram.gnuplot.draw(figure(curves, title: title).script(format))
  }

  static func figure(_ curves: [ScalingCurve], title: String) -> Figure {
    let ranks = curves.flatMap { ($0.measured + $0.model).map(\.ranks) }
    let measuredRanks = curves.flatMap { $0.measured.map(\.ranks) }
    let near = min(4 * (measuredRanks.max() ?? 1), max(ranks.max() ?? 1, measuredRanks.max() ?? 1))
    let first = measuredRanks.min() ?? 1
    let speed = panel(curves, through: ranks.max() ?? 1, isFirst: true) { _, value, _ in value }
    let efficiency = panel(curves, through: near, isFirst: false) { curve, value, ranks in
      100 * value / (curve.speedOfOne * Double(ranks))
    }
    return Figure(
      title: title,
      panels: [
        Figure.Panel(
          xLabel: "ranks", yLabel: "images/s", x: .ranks(first, ranks.max() ?? 1),
          y: .speed(shownValues(speed)), curves: speed),
        Figure.Panel(
          xLabel: "ranks", yLabel: "efficiency (%)", x: .ranks(first, near),
          y: .efficiency(shownValues(efficiency)), curves: efficiency),
      ])
  }

  /// Values that have to be seen. Bars and bands may end beyond.
  private static func shownValues(_ curves: [Figure.Curve]) -> [Double] {
    curves.flatMap { $0.points.map(\.y) }
  }

  /// - Parameters:
  ///   - isFirst: the panel that the legend is made from.
  ///   - show: the value that stands for images a second of a curve on so many ranks.
  private static func panel(
    _ curves: [ScalingCurve], through last: Int, isFirst: Bool,
    _ show: (_ curve: ScalingCurve, _ imagesPerSecond: Double, _ ranks: Int) -> Double
  ) -> [Figure.Curve] {
    func drawn(_ curve: ScalingCurve, _ points: [ScalingCurve.Point]) -> Figure.Curve {
      Figure.Curve(
        points: points.map { (Double($0.ranks), show(curve, $0.imagesPerSecond, $0.ranks)) }, color: "",
        bounds: points.map { point in
          let bounds = point.bounds ?? point.imagesPerSecond...point.imagesPerSecond
          // A logarithmic axis has no place for what is not above 0.
          let low = max(bounds.lowerBound, 0.01 * point.imagesPerSecond)
          return show(curve, low, point.ranks)...show(curve, max(bounds.upperBound, low), point.ranks)
        })
    }
    let (isOne, grey) = (curves.count == 1, "#8C8C8C")
    var (bands, ideals, lines, marks): ([Figure.Curve], [Figure.Curve], [Figure.Curve], [Figure.Curve]) =
      ([], [], [], [])
    for (index, curve) in curves.enumerated() {
      let color = ComparisonFigure.colors[index % ComparisonFigure.colors.count]
      let model = curve.model.filter { $0.ranks <= last }
      var band = drawn(curve, model)
      (band.form, band.color) = (.band, color)
      var line = drawn(curve, model)
      (line.color, line.isDashed, line.bounds) = (color, true, nil)
      if isOne { line.name = "model, 95 % band" }
      if !model.isEmpty {
        bands.append(band)
        lines.append(line)
      }
      let ends = [curve.measured[0].ranks, last].map { ranks in
        (Double(ranks), show(curve, curve.speedOfOne * Double(ranks), ranks))
      }
      ideals.append(
        Figure.Curve(name: index == 0 ? "ideal" : nil, points: ends, color: grey, width: 0.5))
      let through = drawn(curve, curve.measured)
      lines.append(Figure.Curve(points: through.points, color: color))
      for isHollow in [false, true] {
        var points = drawn(curve, curve.measured.filter { $0.isOversubscribed == isHollow })
        guard !points.points.isEmpty else { continue }
        (points.form, points.color) = (.points, color)
        // Hollow is the number before the filled one.
        points.mark = ComparisonFigure.marks[index % ComparisonFigure.marks.count] - (isHollow ? 1 : 0)
        if isHollow {
          points.name = marks.contains { $0.name == hollowName } ? nil : hollowName
        } else {
          points.name = isOne ? "measured" : curve.name
        }
        marks.append(points)
      }
    }
    if !isOne, !bands.isEmpty {
      // For the legend alone, in no study's color.
      lines.append(
        Figure.Curve(
          name: "models, 95 % bands", points: [(.nan, .nan)], color: "#000000", isDashed: true))
    }
    return bands + ideals + lines + marks
  }

  private static let hollowName = "more threads than cores"
}
