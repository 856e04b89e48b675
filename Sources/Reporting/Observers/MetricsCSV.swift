import Files

/// `metrics.csv`: a row an epoch, written anew with each.
package final class MetricsCSV: RunObserver {
  package static let name = "metrics.csv"
  private let path: String

  package init(in directory: RunDirectory) { path = directory.file(Self.name) }

  package var isEssential: Bool { true }

  package func runBegan(_ start: RunStart) throws { try write(start.results) }

  package func epochEnded(_ epoch: EpochEnd) throws { try write(epoch.results) }

  package func runEnded(_ end: RunEnd) throws { try write(end.results) }

  private func write(_ results: RunResults) throws {
    try writeAtomically(Array(metricsCSV(results.epochs).utf8), to: path)
  }

  package var files: [String] { [Self.name] }
}

/// `metrics.csv` as text: a header and a row an epoch; the columns of the validation come last, and only
/// where there is one. Numbers are written so that they read back exactly.
package func metricsCSV(_ epochs: [EpochMetrics]) -> String {
  let header =
    "epoch,train_loss,train_accuracy,test_loss,test_accuracy,learning_rate,images_per_second,seconds"
    + (epochs.contains { $0.validationLoss != nil } ? ",validation_loss,validation_accuracy" : "")
  return ([header] + epochs.map(\.row)).map { $0 + "\n" }.joined()
}
