import Files
import Foundation
import Reporting

/// Keeps `run.json` up to date.
final class RunRecordFile: RunObserver {
  private let path: String
  private var record: RunRecord

  /// - Parameter record: what is known before the run.
  init(_ record: RunRecord, in directory: RunDirectory) {
    self.record = record
    path = directory.file(RunRecord.name)
  }

  var isEssential: Bool { true }

  func runBegan(_ start: RunStart) throws {
    record.take(start.results)
    try write()
  }

  func epochEnded(_ epoch: EpochEnd) throws {
    record.take(epoch.results)
    try write()
  }

  func runEnded(_ end: RunEnd) throws {
    record.take(end.results)
    if let best = end.best, let result = end.result {
      record.take(result)
      record.bestEpoch = best.epoch
      record.stoppedEarly = best.stoppedEarly
    }
    record.status = .completed
    record.finished = Date()
    record.weightsSHA256 = end.weightsSHA256
    try write()
  }

  func runStopped(_ stop: RunStop) throws {
    switch stop {
    case .checkpointed: record.status = .checkpointed
    case .failed(let error): (record.status, record.error) = (.failed, error)
    }
    record.finished = Date()
    try write()
  }

  private func write() throws { try writeAtomically(prettyJSON(record), to: path) }

  var files: [String] { [RunRecord.name] }
}
