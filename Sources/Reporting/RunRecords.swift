import Files
import Foundation
import Tensors

/// What a run writes down while it goes on, beside `run.json` and `metrics.csv`: `metrics.jsonl` and an event
/// file for TensorBoard.
///
/// They never end a run: what cannot be written is warned about once and left alone from then on.
package final class RunRecords {
  private let console: Console
  private var log: MetricsLog?
  private var events: EventFile?

  /// Opens the files.
  ///
  /// - Parameter resumed: nil for a new run, which starts new ones.
  package init(in directory: RunDirectory, _ console: Console, resumedAt resumed: ResumedRun? = nil) {
    self.console = console
    log = started { () throws(OutputError) in try MetricsLog(in: directory, resumedAt: resumed) }
    events = started { () throws(OutputError) in
      try EventFile(in: directory, resumedAt: resumed?.steps)
    }
  }

  /// Removes what an earlier run in this directory has left: its figures and event files would pass for this
  /// one's.
  package static func remove(from directory: RunDirectory) {
    guard directory.replacesEarlierRun else { return }
    let figures = FigureFormat.allCases.map { TrainingFigure.name($0) }
    for name in EventFile.names(in: directory) + figures + [MetricsLog.name] {
      unlink(directory.file(name))
    }
  }

  package func stepEnded(_ record: StepRecord) {
    keep(\.log) { log throws(OutputError) in try log.add(record) }
    keep(\.events) { events throws(OutputError) in
      events.add(.scalars(step: record.step, record.scalars))
      try events.flushNowAndThen()
    }
  }

  /// - Parameter step: steps since the start of training.
  package func epochEnded(_ metrics: EpochMetrics, step: Int) {
    keep(\.log) { log throws(OutputError) in try log.add(metrics, step: step) }
    keep(\.events) { events throws(OutputError) in
      events.add(.scalars(step: step, metrics.scalars))
      try events.flush()
    }
  }

  /// Shows how the values of each parameter tensor are spread.
  ///
  /// - Parameters:
  ///   - values: all parameters, laid out as `layout` says.
  ///   - step: steps since the start of training.
  package func parametersChanged(_ values: Span<Float>, _ layout: ParameterLayout, step: Int) {
    guard let events else { return }
    for tensor in layout.tensors {
      let histogram = Histogram(values.extracting(tensor.range))
      events.add(.histogram(step: step, tag: "parameters/\(tensor.name)", histogram))
    }
    keep(\.events) { events throws(OutputError) in try events.flush() }
  }

  /// Writes what still waits. Nothing may be recorded afterwards.
  ///
  /// - Returns: what is there, by its names.
  @discardableResult package func close() -> [String] {
    keep(\.events) { events throws(OutputError) in try events.flush() }
    let written = (log == nil ? [] : [MetricsLog.name]) + (events == nil ? [] : ["TensorBoard events"])
    (log, events) = (nil, nil)
    return written
  }

  private func started<Record>(_ start: () throws(OutputError) -> Record) -> Record? {
    do { return try start() } catch {
      console.warn("\(error); the run goes on without it")
      return nil
    }
  }

  /// Does something with a record, which is given up when that fails.
  private func keep<Record>(
    _ record: ReferenceWritableKeyPath<RunRecords, Record?>, _ action: (Record) throws(OutputError) -> Void
  ) {
    guard let open = self[keyPath: record] else { return }
    do { try action(open) } catch {
      self[keyPath: record] = nil
      console.warn("\(error); the run goes on without it")
    }
  }
}

extension EpochMetrics {
  /// By their tags in TensorBoard: `test_loss` is `test/loss`, `seconds` is `epoch/seconds`.
  var scalars: [(tag: String, value: Double)] {
    columns.map { column in
      for part in ["test", "validation"] where column.name.hasPrefix(part + "_") {
        return ("\(part)/\(column.name.dropFirst(part.count + 1))", column.value)
      }
      return ("epoch/\(column.name)", column.value)
    }
  }
}
