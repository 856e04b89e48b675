import Files
import Foundation

/// What figures show of a run, read from its directory.
package struct RunMetrics: Sendable {
  /// As the user gave it, without a slash at its end.
  package let directory: String
  let table: MetricsTable
  /// What was run, such as `mnist-cnn on 2 ranks`; nil where that is not known.
  private let runTitle: String?

  /// - Parameter title: what was run, such as `mnist-cnn on 2 ranks`; nil for the directory's name.
  /// - Throws: `MetricsFileError` when there is no usable `metrics.csv`.
  package init(directory: String, title: String?) throws(MetricsFileError) {
    let directory = withoutSlash(directory)
    self.directory = directory
    table = try MetricsTable(path: "\(directory)/metrics.csv")
    runTitle = title
  }

  /// The directory's name, such as `2026-11-20T15-13-03`.
  var name: String { URL(fileURLWithPath: directory).standardizedFileURL.lastPathComponent }

  /// Such as `mnist-cnn on 2 ranks: 98.93 % test accuracy after 5 epochs (best: 99.01 % after 4)`.
  var title: String {
    let what = runTitle ?? name
    let (epochs, accuracies) = (table["epoch"], table["test_accuracy"])
    guard let last = accuracies.last, let epoch = epochs.last, last.isFinite else { return what }
    let count = "\(shortest(epoch)) epoch\(epoch == 1 ? "" : "s")"
    let best = zip(accuracies, epochs).filter(\.0.isFinite).max { $0.0 < $1.0 }
    let better = best.flatMap {
      $0.0 > last ? " (best: \(percent($0.0)) after \(shortest($0.1)))" : nil
    }
    return "\(what): \(percent(last)) test accuracy after \(count)\(better ?? "")"
  }

  /// A column over the epochs, each value times `factor`.
  func points(_ column: String, times factor: Double = 1) -> [(x: Double, y: Double)] {
    zip(table["epoch"], table[column]).map { ($0, $1 * factor) }
  }
}

extension Figure {
  /// Accuracy and loss side by side.
  ///
  /// - Parameters:
  ///   - accuracy: curves of percentages.
  ///   - loss: curves of the mean cross-entropy.
  init(title: String, accuracy: [Curve], loss: [Curve]) {
    func values(_ curves: [Curve], _ value: ((x: Double, y: Double)) -> Double) -> [Double] {
      curves.flatMap { $0.points.map(value) }
    }
    let epochs = values(accuracy) { $0.x }.filter(\.isFinite)
    let x = Axis.epochs(epochs.min() ?? 1, epochs.max() ?? 1)
    self.title = title
    panels = [
      Panel(
        xLabel: "epoch", yLabel: "accuracy (%)", x: x, y: .accuracy(values(accuracy) { $0.y }),
        curves: accuracy),
      Panel(xLabel: "epoch", yLabel: "loss", x: x, y: .loss(values(loss) { $0.y }), curves: loss),
    ]
  }
}
