/// The loss at a rising learning rate, and which rates that suggests.
package struct LearningRateFigure: Drawable {
  private let figure: Figure

  package var formats: [FigureFormat] { FigureFormat.allCases }

  /// - Parameters:
  ///   - rates: by step, rising.
  ///   - losses, smoothed: by step.
  ///   - suggestions: what the legend calls them.
  package init(
    title: String, xLabel: String, rates: [Double], losses: [Double], smoothed: [Double],
    suggestions: [(name: String, rate: Double)]
  ) {
    precondition(
      rates.count == losses.count && rates.count == smoothed.count,
      "\(rates.count) rates, \(losses.count) and \(smoothed.count) losses")
    // A loss that is getting out of hand would press the rest flat.
    let highest = 1.25 * (smoothed.first ?? 1)
    let y = Axis.loss((losses + smoothed).map { min($0, highest) })
    let colors = ComparisonFigure.colors
    let marks = suggestions.enumerated().map { index, suggestion in
      Figure.Curve(
        name: suggestion.name,
        points: [(suggestion.rate, y.range.lowerBound), (suggestion.rate, y.range.upperBound)],
        color: colors[1 + index % (colors.count - 1)], isDashed: true)
    }
    let curves = [
      Figure.Curve(name: "loss", points: Array(zip(rates, losses)), color: "#B4B4B4", width: 0.5),
      Figure.Curve(name: "smoothed loss", points: Array(zip(rates, smoothed)), color: colors[0], width: 1.4),
    ]
    figure = Figure(
      title: title,
      panels: [
        Figure.Panel(
          xLabel: xLabel, yLabel: "loss", x: .learningRates((rates.first ?? 1)...(rates.last ?? 1)), y: y,
          curves: curves + marks)
      ])
  }

  package func script(_ format: FigureFormat) -> [UInt8] { Array(figure.script(format).utf8) }
}
