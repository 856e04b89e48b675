import Tensors

/// Writes an event file for TensorBoard: the numbers of `metrics.jsonl`, and after each epoch how the values of
/// each parameter tensor are spread.
package final class TensorBoardLog: RunObserver {
  private let directory: RunDirectory
  private var events: EventFile?

  package init(in directory: RunDirectory) { self.directory = directory }

  package func runBegan(_ start: RunStart) throws {
    events = try EventFile(in: directory, resumedAt: start.resumed?.steps)
  }

  package func stepRecorded(_ record: StepRecord) throws {
    events?.add(.scalars(step: record.step, record.scalars))
    try events?.flushNowAndThen()
  }

  package func epochEnded(_ epoch: EpochEnd) throws {
    guard let events, let metrics = epoch.results.epochs.last else { return }
    events.add(.scalars(step: epoch.step, metrics.scalars))
    let values = epoch.parameters
    for tensor in epoch.layout.tensors {
      let histogram = Histogram(values.span.extracting(tensor.range))
      events.add(.histogram(step: epoch.step, tag: "parameters/\(tensor.name)", histogram))
    }
    try events.flush()
  }

  package func runEnded(_ end: RunEnd) throws { try events?.flush() }

  package func runStopped(_ stop: RunStop) throws { try events?.flush() }

  package var files: [String] { ["TensorBoard events"] }

  /// The event files in a directory.
  package static func fileNames(in directory: RunDirectory) -> [String] { EventFile.names(in: directory) }
}

extension StepRecord {
  /// By their tags in TensorBoard.
  fileprivate var scalars: [(tag: String, value: Double)] {
    [
      ("train/loss", loss), ("train/accuracy", accuracy), ("train/learning_rate", learningRate),
      ("train/images_per_second", imagesPerSecond), ("gradient/norm", gradientNorm),
    ]
  }
}

extension EpochMetrics {
  /// By their tags in TensorBoard: `test_loss` is `test/loss`, `seconds` is `epoch/seconds`.
  fileprivate var scalars: [(tag: String, value: Double)] {
    columns.map { column in
      for part in ["test", "validation"] where column.name.hasPrefix(part + "_") {
        return ("\(part)/\(column.name.dropFirst(part.count + 1))", column.value)
      }
      return ("epoch/\(column.name)", column.value)
    }
  }
}
