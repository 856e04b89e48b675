import Files
import Parallel
import Reporting
import Runs

/// How the batch goes with the ranks.
package enum ScalingKind: String, Codable, CaseIterable, Sendable {
  /// The global batch stays: each rank's share of it shrinks.
  case strong
  /// Each rank's batch stays: the global batch grows.
  case weak
}

/// Seconds of a step of the whole world, as rank 0 sees it: a mean over a run's measured epochs.
package struct StepSeconds: Encodable, Equatable, Sendable {
  package var total: Double
  /// Forward, backward, sums over micro-batches and threads, update.
  package var compute: Double
  /// Reductions over ranks that the backward pass did not hide: waiting, also for slower ranks.
  package var communication: Double
  package var data: Double
  /// At most what is hidden, within `compute`: the time in which a reduction was pending behind other work. Open
  /// MPI moves it only inside MPI calls. Nil in records without it.
  package var hidden: Double?

  /// What is in none of the parts.
  package var other: Double { max(total - compute - communication - data, 0) }
}

/// A training run, as its directory tells.
struct ScalingRun {
  let directory: String
  let record: RunRecord
  /// The speed of the whole world. The first epoch, which warms up caches, memory and connections, does not count
  /// unless it is the only one.
  let imagesPerSecond: Double
  let step: StepSeconds

  var ranks: Int { record.worldSize }
  var isOversubscribed: Bool { record.environment.placement.isOversubscribed(threads: record.threads) }

  /// - Throws: `FileError` or `MetricsFileError` when its files cannot be read.
  init(directory: String, _ record: RunRecord) throws {
    self.directory = directory
    self.record = record
    let metrics = try MetricsTable(path: "\(directory)/metrics.csv")
    let seconds = metrics["seconds"]
    let rows = seconds.count
    guard rows > 0, rows == record.epochTimes.count, seconds.allSatisfy({ $0 > 0 }), record.globalBatch > 0,
      record.trainSamples > 0
    else {
      throw FileError(
        "\(directory)/run.json", expected: "the times of \(rows) epochs, as metrics.csv has them",
        found: "those of \(record.epochTimes.count)")
    }
    let measured = rows > 1 ? 1..<rows : 0..<1
    let images = Double(record.trainSamples * measured.count)
    let total = measured.reduce(0) { $0 + seconds[$1] }
    imagesPerSecond = images / total
    let steps = images / Double(record.globalBatch)
    func mean(_ part: (EpochTimes) -> Double) -> Double {
      measured.reduce(0) { $0 + part(record.epochTimes[$1]) } / steps
    }
    let isHiddenKnown = measured.allSatisfy { record.epochTimes[$0].hiddenCommunicationSeconds != nil }
    step = StepSeconds(
      total: total / steps, compute: mean(\.computeSeconds), communication: mean(\.communicationSeconds),
      data: mean(\.dataSeconds),
      hidden: isHiddenKnown ? mean { $0.hiddenCommunicationSeconds ?? 0 } : nil)
  }
}
