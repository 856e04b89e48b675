import Files
import Foundation

/// `metrics.jsonl`: a line for each step that is logged and for each epoch, added as they come.
///
///     {"step":50,"epoch":1,"samples":6400,"loss":1.21,...}
///     {"event":"epoch","step":469,"epoch":1,"train_loss":0.23,...}
final class MetricsLog {
  static let name = "metrics.jsonl"
  private let file: AppendedFile

  /// Starts an empty file; or goes on with the one that is there, without what came after `resumed`.
  init(in directory: RunDirectory, resumedAt resumed: ResumedRun?) throws(OutputError) {
    let path = directory.file(Self.name)
    let earlier = resumed.map { Self.lines(of: path, until: $0) } ?? []
    try writeAtomically(earlier, to: path)
    file = try AppendedFile(path)
  }

  func add(_ record: StepRecord) throws(OutputError) { try file.append(record.jsonLine.bytes) }

  /// - Parameter step: steps since the start of training.
  func add(_ epoch: EpochMetrics, step: Int) throws(OutputError) {
    var line = JSONLine()
    line.add("event", "epoch")
    line.add("step", step)
    line.add("epoch", epoch.epoch)
    for column in epoch.columns { line.add(column.name, column.value) }
    try file.append(line.bytes)
  }

  /// The lines of a file that a run which goes on has kept. A last line that was cut off is none of them.
  private static func lines(of path: String, until resumed: ResumedRun) -> [UInt8] {
    struct Line: Decodable {
      var event: String?
      var step: Int
      var epoch: Int
    }
    guard let data = try? Data(readFile(path)) else { return [] }
    let end = data.lastIndex(of: UInt8(ascii: "\n")) ?? data.startIndex
    let decoder = JSONDecoder()
    let kept = data[..<end].split(separator: UInt8(ascii: "\n")).filter { text in
      guard let line = try? decoder.decode(Line.self, from: text) else { return false }
      return line.event == "epoch" ? line.epoch <= resumed.epochs : line.step <= resumed.steps
    }
    return kept.flatMap { $0 + [UInt8(ascii: "\n")] }
  }
}

/// How far a run had got that now goes on.
package struct ResumedRun: Sendable {
  /// Steps since the start of training.
  package var steps: Int
  /// Epochs that are over, with their evaluation.
  package var epochs: Int

  package init(steps: Int, epochs: Int) {
    self.steps = steps
    self.epochs = epochs
  }
}
