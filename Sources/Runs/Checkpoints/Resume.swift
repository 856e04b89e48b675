import Engine
import Files
import Foundation
import MPI
import Models
import Parallel
import Tensors

extension Checkpoint {
  /// What `--resume` found.
  package struct Found {
    /// Nil where `auto` found nothing, so that the run starts at the beginning.
    package let checkpoint: Checkpoint?
    /// What is wrong with checkpoints that were passed over.
    package let warnings: [String]
  }

  /// Finds the checkpoint that `--resume` names, on rank 0, and gives it to all ranks.
  ///
  /// - Parameters:
  ///   - resume: `auto` for the newest whole one in the run directory `out`, which must be given, or none; or the path of a run
  ///     directory, its newest; or that of a checkpoint.
  /// - Throws: on all ranks, when there is none or the one named is damaged.
  package static func find(_ resume: String, out: String?, _ world: World) throws -> Found {
    let found = try world.agree {
      world.isRoot ? try find(resume, out: out) : Found(checkpoint: nil, warnings: [])
    }
    guard let file = try world.broadcast(found.checkpoint?.file) else { return found }
    return Found(checkpoint: try world.agree { try Checkpoint(file) }, warnings: found.warnings)
  }

  private static func find(_ resume: String, out: String?) throws -> Found {
    if resume == "auto" {
      guard let out else { preconditionFailure("--resume auto without a run directory") }
      let newest = try CheckpointDirectory(path: "\(out)/checkpoints").newest()
      return Found(checkpoint: newest?.checkpoint, warnings: passedOver(newest?.damages ?? []))
    }
    guard exists(resume) else {
      throw FileError(resume, expected: "a run directory or a checkpoint", found: "nothing")
    }
    if isDirectory(resume) {
      for directory in ["\(resume)/checkpoints", resume] {
        guard let newest = try CheckpointDirectory(path: directory).newest() else { continue }
        return Found(checkpoint: newest.checkpoint, warnings: passedOver(newest.damages))
      }
      throw FileError(
        resume, expected: "a run directory with checkpoints", found: "none",
        hint: "--resume auto starts at the beginning where there are none")
    }
    let file = URL(fileURLWithPath: resume)
    guard isRegularFile(file.deletingPathExtension().path + ".json") else {
      throw FileError(
        resume, expected: "a run directory or a checkpoint with its manifest beside it", found: "no manifest",
        hint: "model.safetensors is for --weights, evaluate and predict")
    }
    let directory = CheckpointDirectory(path: file.deletingLastPathComponent().path)
    let checkpoint = try directory.read(file.deletingPathExtension().lastPathComponent)
    return Found(checkpoint: checkpoint, warnings: [])
  }

  private static func passedOver(_ damages: [String]) -> [String] {
    damages.map { "passed over a damaged checkpoint: \($0)" }
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

extension World {
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
