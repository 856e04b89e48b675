import Files
import Foundation
import Models
import Reporting

/// A run that a directory holds already.
struct EarlierRun {
  private let directory: RunDirectory
  private let checkpoints: CheckpointDirectory
  /// Nil where its `run.json` is missing or cannot be read.
  private let record: RunRecord?
  /// There is something to go on from, or a result.
  private let hasWeights: Bool

  /// Nil where the directory holds none.
  init?(in directory: RunDirectory, _ checkpoints: CheckpointDirectory) throws {
    self.directory = directory
    self.checkpoints = checkpoints
    hasWeights = try !checkpoints.names().isEmpty || isRegularFile(directory.file(TrainedModel.fileName))
    guard hasWeights || isRegularFile(directory.file(RunRecord.name)) else { return nil }
    record = try? RunRecord(inDirectory: directory.path)
  }

  /// It stopped before its first checkpoint: nothing is lost with it.
  var leftNothing: Bool { !hasWeights && record?.state != .completed }

  /// Such as `a completed run (mnist-cnn on 2 ranks, 5 epochs, 98.99 % test accuracy)`.
  var words: String {
    guard let record else { return "a run" }
    let epochs = counted(record.epochsCompleted, "epoch")
    let accuracy = record.testAccuracy.map { ", \(percent($0)) test accuracy" } ?? ""
    return "\(record.state.words) (\(record.title), \(epochs)\(accuracy))"
  }

  /// The directory in a run directory that an earlier run is moved to.
  static func aside(_ directory: RunDirectory) -> String { directory.file("earlier-run") }

  /// Moves all that is of the run aside. One that was moved aside before is given up, unless the run here
  /// left nothing.
  func moveAside() throws {
    let aside = Self.aside(directory)
    if isDirectory(aside), leftNothing { return remove() }
    try Self.removeAside(directory)
    try makeDirectory(aside)
    // Its record last: while that is here, so is the run.
    for name in names() {
      guard rename(directory.file(name), "\(aside)/\(name)") == 0 else {
        throw OutputError(directory.file(name), "to move the earlier run's file aside")
      }
    }
  }

  /// Removes all that is of the run.
  func remove() {
    try? checkpoints.clear()
    for name in names() { unlink(directory.file(name)) }
  }

  /// Removes a run that was moved aside.
  static func removeAside(_ directory: RunDirectory) throws {
    guard isDirectory(aside(directory)) else { return }
    do { try FileManager.default.removeItem(atPath: aside(directory)) } catch {
      throw OutputError(aside(directory), "to remove the earlier run")
    }
  }

  /// What a run leaves, as far as it is here; the record last.
  private func names() -> [String] {
    let figures = FigureFormat.allCases.map { TrainingFigure.name($0) }
    let all =
      [checkpoints.name, TrainedModel.fileName, MetricsCSV.name, MetricsLog.name, Trace.fileName] + figures
      + TensorBoardLog.fileNames(in: directory) + [RunRecord.name]
    return all.filter { access(directory.file($0), F_OK) == 0 }
  }
}

/// The directory that a run was to use holds another one.
struct RunInTheWayError: Error, CustomStringConvertible {
  let directory: String
  let earlier: String

  var description: String {
    "\(directory): expected a directory without a run, found \(earlier); resume it to go on with it, overwrite it "
      + "to replace it, or choose another directory"
  }
}
