import Engine
import Files
import Foundation
import Hashing
import Models
import Parallel
import Reporting
import Tensors

/// The directory `checkpoints` of a run: for each checkpoint `step-00001234-epoch-0002.safetensors`, with the
/// steps and epochs done, and beside it a manifest, `.json`, with its length and SHA-256.
///
/// The manifest is written last and removed first, both files by temporary, fsync and rename: a checkpoint is
/// there when its manifest is, whatever moment the program is killed at.
package struct CheckpointDirectory {
  /// What it is called in a run directory.
  static let name = "checkpoints"

  package let path: String

  /// What it is called where it lies.
  var name: String {
    String(path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...])
  }

  /// - Parameter path: of the directory itself.
  package init(path: String) { self.path = path }

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

  /// Writes a checkpoint and removes all but the newest `keep`. Those that go further are of a run that was
  /// given up when this one went on from an earlier checkpoint, or damaged: they go too.
  ///
  /// - Returns: its path.
  package func write(
    _ contents: SafetensorsContents, at position: TrainingPosition, worldSize: Int, keep: Int
  ) throws -> String {
    try makeDirectory(path)
    let name = Self.prefix + String(format: "%08d-epoch-%04d", position.step, position.epoch)
    // A given-up run's checkpoint of this name must not lend its manifest to half a new one.
    unlink("\(path)/\(name).json")
    let file = "\(name).safetensors"
    let written = try contents.write(to: "\(path)/\(file)")
    let manifest = Manifest(
      file: file, bytes: written.byteCount, sha256: written.sha256, step: position.step,
      epoch: position.epoch, samples: position.samples, worldSize: worldSize, written: Date())
    try writeAtomically(prettyJSON(manifest), to: "\(path)/\(name).json")
    let names = try names()
    remove(names.filter { $0 > name } + names.filter { $0 <= name }.dropLast(keep))
    return "\(path)/\(file)"
  }

  /// The newest checkpoint that is whole, and what is wrong with newer ones; nil where there is none at all.
  ///
  /// - Throws: when there are checkpoints, but none is whole.
  package func newest() throws -> (checkpoint: Checkpoint, damages: [String])? {
    var damages: [String] = []
    for name in try names().reversed() {
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
    let manifest = try decodeJSON(
      Manifest.self, from: readFile(manifestPath), path: manifestPath, as: "the manifest of a checkpoint",
      keys: .convertFromSnakeCase)
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
  package func clear() throws { remove(try names()) }

  /// Removes checkpoints, and files that have no manifest any more or never had.
  private func remove(_ names: [String]) {
    for name in names { unlink("\(path)/\(name).json") }
    guard let files = try? files() else { return }
    for file in files where file.hasPrefix(Self.prefix) && file.hasSuffix(".safetensors") {
      let manifest = file.dropLast(".safetensors".count) + ".json"
      if !files.contains(String(manifest)) { unlink("\(path)/\(file)") }
    }
  }

  private static let prefix = "step-"

  /// The checkpoints that have a manifest, by step.
  package func names() throws -> [String] {
    try files().filter { $0.hasPrefix(Self.prefix) && $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }
      .sorted()
  }

  /// Empty where there is no such directory.
  private func files() throws -> [String] {
    guard access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR) else { return [] }
    do {
      return try FileManager.default.contentsOfDirectory(atPath: path)
    } catch {
      throw OutputError(path, "a directory that can be read")
    }
  }
}
