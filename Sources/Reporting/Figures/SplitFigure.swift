/// The accuracy of models of two classes over the share of the rows that they were trained on.
package struct SplitFigure: Drawable {
  private let figure: Figure

  package var formats: [FigureFormat] { FigureFormat.allCases }

  /// What is drawn of a model, in percent.
  package struct Point: Sendable {
    let share: Double
    let accuracy: Double
    /// Where the accuracy lies with 95 % probability.
    let interval: ClosedRange<Double>
    /// What a guess of the more frequent class gets.
    let majority: Double

    package init(share: Double, accuracy: Double, interval: ClosedRange<Double>, majority: Double) {
      (self.share, self.accuracy, self.interval, self.majority) = (share, accuracy, interval, majority)
    }
  }

  package init(title: String, _ points: [Point]) {
    let colors = ComparisonFigure.colors
    let accuracy = points.map { (x: $0.share, y: $0.accuracy) }
    let all = points.flatMap { [$0.accuracy, $0.interval.lowerBound, $0.interval.upperBound, $0.majority] }
    figure = Figure(
      title: title,
      panels: [
        Figure.Panel(
          xLabel: "rows trained on (%)", yLabel: "accuracy on the others (%)",
          x: .shares(points.map(\.share)),
          y: .accuracy(all),
          curves: [
            Figure.Curve(
              name: "95 % interval (Wilson)", points: accuracy, color: "#BFD9EA", form: .band,
              bounds: points.map(\.interval)),
            Figure.Curve(
              name: "the more frequent class", points: points.map { ($0.share, $0.majority) },
              color: colors[7],
              isDashed: true),
            Figure.Curve(name: "accuracy", points: accuracy, color: colors[0], mark: 7),
          ])
      ])
  }

  package func script(_ format: FigureFormat) -> [UInt8] { Array(figure.script(format).utf8) }
}
