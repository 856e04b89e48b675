import Foundation

/// What a run left in its directory.
struct RunFiles {
  let directory: String

  /// `run.json`.
  func record() throws -> [String: Any] {
    let data = try Data(contentsOf: URL(fileURLWithPath: "\(directory)/run.json"))
    return try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
  }

  func hash() throws -> String? { try record()["weights_sha256"] as? String }

  /// `metrics.csv`, by the columns' names.
  func rows() throws -> [[String: String]] {
    let lines = try String(contentsOfFile: "\(directory)/metrics.csv", encoding: .utf8).split(separator: "\n")
    let names = lines[0].split(separator: ",").map(String.init)
    return lines.dropFirst().map {
      Dictionary(uniqueKeysWithValues: zip(names, $0.split(separator: ",").map(String.init)))
    }
  }

  /// The rows but for the columns of time, which differ from run to run.
  func results() throws -> [[String: String]] {
    try rows().map { $0.filter { $0.key != "images_per_second" && $0.key != "seconds" } }
  }

  /// Names of the files in `checkpoints`, sorted.
  var checkpoints: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "\(directory)/checkpoints")) ?? []).sorted()
  }

  /// All files, in its subdirectories too.
  var allFiles: [String] {
    FileManager.default.enumerator(atPath: directory)?.compactMap { $0 as? String } ?? []
  }
}
