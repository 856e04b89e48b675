import Files
import Foundation

/// `metrics.jsonl`: a line for each step that is recorded and for each epoch, added as they come.
package final class MetricsLog: RunObserver {
  package static let name = "metrics.jsonl"
  private let path: String
  private var file: AppendedFile?

  package init(in directory: RunDirectory) { path = directory.file(Self.name) }

  /// Starts an empty file; or goes on with the one that is there, without what came after the checkpoint.
  package func runBegan(_ start: RunStart) throws {
    let earlier = start.resumed.map { Self.lines(of: path, until: $0) } ?? []
    try writeAtomically(earlier, to: path)
    file = try AppendedFile(path)
  }

  package func stepRecorded(_ record: StepRecord) throws { try file?.append(MetricsLine.step(record).bytes) }

  package func epochEnded(_ epoch: EpochEnd) throws {
    guard let metrics = epoch.results.epochs.last else { return }
    try file?.append(MetricsLine.epoch(metrics, step: epoch.step).bytes)
  }

  package var files: [String] { [Self.name] }

  /// The lines of a file that a run which goes on has kept. A last line that was cut off is none of them.
  private static func lines(of path: String, until resumed: ResumedRun) -> [UInt8] {
    guard let data = try? Data(readFile(path)) else { return [] }
    let end = data.lastIndex(of: UInt8(ascii: "\n")) ?? data.startIndex
    let kept = data[..<end].split(separator: UInt8(ascii: "\n")).filter { text in
      switch MetricsLine(text) {
      case .step(let record): record.step <= resumed.steps
      case .epoch(let metrics, _): metrics.epoch <= resumed.epochs
      case nil: false
      }
    }
    return kept.flatMap { $0 + [UInt8(ascii: "\n")] }
  }
}
