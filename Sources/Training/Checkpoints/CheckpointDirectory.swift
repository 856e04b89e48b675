import Files
import Foundation
import Reporting
import Tensors

/// The directory `checkpoints` of a run: for each checkpoint `step-00001234.safetensors`, and beside it
/// `step-00001234.json`, a manifest with its length and SHA-256.
///
/// The manifest is written last and removed first, both files by temporary, fsync and rename: a checkpoint is
/// there when its manifest is, whatever moment the program is killed at.
struct CheckpointDirectory {
  let path: String

  /// - Parameter path: of the directory itself.
  init(path: String) { self.path = path }

  /// What is beside a checkpoint.
  private struct Manifest: Codable {
    let file: String
    let bytes: Int
    let sha256: String
    /// For people: the state itself is in the file.
    let step: Int
    let epoch: Int
    let samples: Int
    let worldSize: Int
    let written: Date
  }

  /// Writes a checkpoint and removes all but the newest `keep`.
  ///
  /// - Returns: its path.
  func write(_ contents: SafetensorsContents, _ state: CheckpointState, keep: Int) throws -> String {
    try makeDirectory(path)
    let position = state.progress.position
    let name = Self.name(ofStep: position.step)
    let manifest = Manifest(
      file: "\(name).safetensors", bytes: contents.byteCount, sha256: contents.sha256, step: position.step,
      epoch: position.epoch, samples: position.samples, worldSize: state.worldSize, written: Date())
    // An earlier checkpoint of this step must not lend its manifest to half a new one.
    unlink("\(path)/\(name).json")
    try contents.write(to: "\(path)/\(manifest.file)")
    try writeAtomically(prettyJSON(manifest), to: "\(path)/\(name).json")
    prune(keep: keep)
    return "\(path)/\(manifest.file)"
  }

  /// The newest checkpoint that is whole, and what is wrong with newer ones; nil where there is none at all.
  ///
  /// - Throws: when there are checkpoints, but none is whole.
  func newest() throws -> (checkpoint: Checkpoint, damages: [String])? {
    var damages: [String] = []
    for name in names.reversed() {
      do {
        return (try read(name), damages)
      } catch {
        damages.append("\(error)")
      }
    }
    guard damages.isEmpty else {
      throw FileError(
        path, expected: "a checkpoint that is whole",
        found: "only damaged ones: \(damages.joined(separator: "; "))",
        hint: "to start anew, remove the directory")
    }
    return nil
  }

  /// Reads the checkpoint `name` and compares it with its manifest.
  func read(_ name: String) throws -> Checkpoint {
    let manifestPath = "\(path)/\(name).json"
    let manifest: Manifest
    do {
      manifest = try decodeJSON(Manifest.self, from: readFile(manifestPath))
    } catch let error as DecodingError {
      throw FileError(manifestPath, expected: "the manifest of a checkpoint", found: error.inOneLine)
    }
    guard manifest.file == "\(name).safetensors" else {
      throw FileError(
        manifestPath, expected: "the manifest of \(name).safetensors", found: "that of \(manifest.file)")
    }
    let filePath = "\(path)/\(manifest.file)"
    let bytes = try readFile(filePath)
    guard bytes.count == manifest.bytes else {
      throw FileError(
        filePath, expected: "\(manifest.bytes) bytes, as its manifest says", found: "\(bytes.count)")
    }
    var hash = SHA256()
    hash.update(bytes.span.bytes)
    let digest = hash.hexDigest()
    guard digest == manifest.sha256 else {
      throw FileError(filePath, expected: "SHA-256 \(manifest.sha256), as its manifest says", found: digest)
    }
    return try Checkpoint(SafetensorsFile(bytes: bytes, path: filePath))
  }

  /// Removes all checkpoints: those of an earlier run that this one replaces.
  func clear() { prune(keep: 0) }

  /// Removes all checkpoints but the newest `keep`, and files without a manifest that are older.
  private func prune(keep: Int) {
    let kept = names.suffix(keep)
    for name in names.dropLast(keep) { unlink("\(path)/\(name).json") }
    for file in files where file.hasPrefix(Self.prefix) && file.hasSuffix(".safetensors") {
      let name = String(file.dropLast(".safetensors".count))
      if !kept.contains(name) { unlink("\(path)/\(file)") }
    }
  }

  private static let prefix = "step-"

  private static func name(ofStep step: Int) -> String { prefix + String(format: "%08d", step) }

  /// The checkpoints that have a manifest, by step.
  private var names: [String] {
    let found = files.filter { $0.hasPrefix(Self.prefix) && $0.hasSuffix(".json") }.map { $0.dropLast(5) }
    return found.sorted { ($0.count, $0) < ($1.count, $1) }.map(String.init)
  }

  private var files: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] }
}
