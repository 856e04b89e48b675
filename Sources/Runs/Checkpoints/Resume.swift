import Files
import Foundation
import MPI
import Models
import Parallel
import Reporting

extension Checkpoint {
  /// Where a run that is to be resumed goes on.
  package struct Found {
    /// Nil where there is none, so that the run starts at the beginning.
    package var checkpoint: Checkpoint?
    /// With no checkpoint, what the run was to do that stopped before its first one; nil where that is not
    /// known.
    package var beginning: TrainingConfiguration?
    /// What is wrong with checkpoints that were passed over, or why there is none.
    package var warnings: [String] = []
  }

  /// Finds the checkpoint to resume, on rank 0, and gives it to all ranks.
  ///
  /// - Parameters:
  ///   - resume: `auto` for the newest whole one in the run directory `out`, which must be given, or none; or the path of a run
  ///     directory, its newest; or that of a checkpoint.
  /// - Throws: on all ranks, when there is none or the one named is damaged.
  package static func find(_ resume: String, out: String?, _ world: World) throws -> Found {
    var found = try world.agree { world.isRoot ? try find(resume, out: out) : Found() }
    found.beginning = try world.broadcast(found.beginning)
    guard let file = try world.broadcast(found.checkpoint?.file) else { return found }
    found.checkpoint = try world.agree { try Checkpoint(file) }
    return found
  }

  private static func find(_ resume: String, out: String?) throws -> Found {
    if resume == "auto" {
      guard let out else { preconditionFailure("resume automatically without a run directory") }
      let newest = try CheckpointDirectory(path: "\(out)/\(CheckpointDirectory.name)").newest()
      return newest.map(Found.init) ?? Found(warnings: stoppedEarly(out) == nil ? [] : [beginning(out)])
    }
    guard isDirectory(resume) else { return Found(checkpoint: try read(resume)) }
    for directory in ["\(resume)/\(CheckpointDirectory.name)", resume] {
      if let newest = try CheckpointDirectory(path: directory).newest() { return Found(newest) }
    }
    guard let record = stoppedEarly(resume) else {
      throw FileError(
        resume, expected: "a run directory with checkpoints", found: "none",
        hint: "to resume automatically starts at the beginning where there are none")
    }
    return Found(beginning: record.configuration, warnings: [beginning(resume)])
  }

  /// The record of a run that is not complete; nil where there is none.
  private static func stoppedEarly(_ directory: String) -> RunRecord? {
    let record = try? RunRecord(inDirectory: directory)
    return record?.state == .completed ? nil : record
  }

  private static func beginning(_ directory: String) -> String {
    "the run in \(directory) stopped before its first checkpoint: it starts at the beginning"
  }

  /// The checkpoint at this path.
  private static func read(_ path: String) throws -> Checkpoint {
    guard isRegularFile(path) else {
      throw FileError(path, expected: "a run directory or a checkpoint", found: "nothing")
    }
    let file = URL(fileURLWithPath: path)
    guard isRegularFile(file.deletingPathExtension().path + ".json") else {
      // A file of another kind is named as what it is.
      _ = try SafetensorsFile(path: path)
      throw FileError(
        path, expected: "a run directory or a checkpoint with its manifest beside it", found: "no manifest",
        hint: "\(TrainedModel.fileName) is to start from, to evaluate and to predict with")
    }
    let directory = CheckpointDirectory(path: file.deletingLastPathComponent().path)
    return try directory.read(file.deletingPathExtension().lastPathComponent)
  }

  /// It is one of the run in this directory.
  func lies(in directory: String) -> Bool {
    guard let runDirectory, let own = realpath(runDirectory, nil), let other = realpath(directory, nil) else {
      return false
    }
    defer {
      free(own)
      free(other)
    }
    return strcmp(own, other) == 0
  }

  /// The run directory that it lies in; nil where it was put elsewhere.
  package var runDirectory: String? {
    let directory = URL(fileURLWithPath: path).deletingLastPathComponent()
    guard directory.lastPathComponent == "checkpoints" else { return nil }
    return directory.deletingLastPathComponent().relativePath
  }
}

extension Checkpoint.Found {
  fileprivate init(_ newest: (checkpoint: Checkpoint, damages: [String])) {
    checkpoint = newest.checkpoint
    warnings = newest.damages.map { "passed over a damaged checkpoint: \($0)" }
  }
}

extension World {
  /// The configuration that rank 0 gives, on all ranks; nil where it gives none.
  fileprivate func broadcast(_ configuration: TrainingConfiguration?) throws -> TrainingConfiguration? {
    let own = try configuration.map { String(decoding: try prettyJSON($0), as: UTF8.self) } ?? ""
    let text = try communicator.broadcast(own)
    guard !text.isEmpty else { return nil }
    return try decodeJSON(
      TrainingConfiguration.self, from: Array(text.utf8), path: "the message of rank 0",
      as: "a configuration",
      keys: .convertFromSnakeCase)
  }

  /// The file that rank 0 gives, on all ranks; nil where it gives none.
  fileprivate func broadcast(_ file: SafetensorsFile?) throws -> SafetensorsFile? {
    let path = try communicator.broadcast(file?.path ?? "")
    guard !path.isEmpty else { return nil }
    var count = [file?.bytes.count ?? 0]
    var countSpan = count.mutableSpan
    try communicator.broadcast(&countSpan)
    var bytes = file?.bytes ?? [UInt8](repeating: 0, count: count[0])
    var span = bytes.mutableSpan
    try communicator.broadcast(&span)
    if let file { return file }
    return try SafetensorsFile(bytes: bytes, path: path)
  }
}
