import Files
import Foundation
import Parallel
import Runs
import Tensors
import TestSupport
import Testing

@Suite struct CheckpointDirectoryTests {
  /// The least that a checkpoint says of its run.
  private static let state = """
    {"configuration": {}, "worldSize": 1, "globalBatch": 8, "microBatch": 8, "peakLearningRate": 0.1,
     "model": {"name": "m", "input": [2, 2, 1], "layers": [{"type": "dense", "units": 2}]},
     "trainSamples": 8, "trainDataHash": "a", "testDataHash": "b",
     "normalization": {"mean": [0], "deviation": [1]},
     "progress": {"position": {"step": 1, "epoch": 1, "samples": 0},
       "sums": {"samples": 0, "loss": 0, "correct": 0}, "learningRate": 0.1, "secondsInEpoch": 0,
       "trainSeconds": 1, "evaluationSeconds": 1, "times": {"hidden": 0, "seconds": [0, 0, 0, 0, 0, 0, 0, 0]},
       "timesInEpoch": {"hidden": 0, "seconds": [0, 0, 0, 0, 0, 0, 0, 0]}, "epochTimes": [], "images": 8,
       "epochs": []},
     "recorded": {"seconds": 0, "sums": {"samples": 0, "loss": 0, "correct": 0}}}
    """

  private func withDirectory(_ body: (CheckpointDirectory) throws -> Void) throws {
    try withTemporaryDirectory { try body(CheckpointDirectory(path: "\($0)/checkpoints")) }
  }

  /// Writes a checkpoint of that step.
  @discardableResult
  private func write(
    _ step: Int, epoch: Int = 0, keep: Int = 9, to directory: CheckpointDirectory
  ) throws -> String {
    var position = TrainingPosition()
    (position.step, position.epoch) = (step, epoch)
    let contents = SafetensorsContents(
      metadata: ["training": Self.state],
      tensors: [NamedTensor("weight", [2], .floats([Float(step), Float(epoch)]))])
    return try directory.write(contents, at: position, worldSize: 1, keep: keep)
  }

  private func name(_ step: Int, epoch: Int = 0) -> String {
    String(format: "step-%08d-epoch-%04d", step, epoch)
  }

  private func files(in directory: CheckpointDirectory) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
  }

  @Test func theNewestIsFound() throws {
    try withDirectory { directory in
      #expect(try directory.newest() == nil && directory.names().isEmpty)
      for step in [9, 10, 100] { try write(step, to: directory) }
      let last = try write(100, epoch: 1, to: directory)
      let newest = try #require(try directory.newest())
      #expect(newest.checkpoint.path == last && newest.damages.isEmpty)
      #expect(last == "\(directory.path)/\(name(100, epoch: 1)).safetensors")
      #expect(try directory.names() == [name(9), name(10), name(100), name(100, epoch: 1)])
    }
  }

  @Test func theNewestAreKept() throws {
    try withDirectory { directory in
      for step in 1...5 {
        try write(step, keep: 2, to: directory)
        let kept = (max(step - 1, 1)...step).map { name($0) }
        #expect(try directory.names() == kept)
        #expect(try files(in: directory) == kept.flatMap { ["\($0).json", "\($0).safetensors"] })
      }
    }
  }

  /// A run that went on from an earlier checkpoint gives up those behind it.
  @Test func thoseThatGoFurtherAreGivenUp() throws {
    try withDirectory { directory in
      for step in [10, 20, 30] { try write(step, to: directory) }
      try write(15, to: directory)
      #expect(try directory.names() == [name(10), name(15)])
    }
  }

  @Test(arguments: [
    "truncated", "changed", "without its file", "with another's manifest", "no manifest's text",
  ])
  func damagedOnesArePassedOver(_ damage: String) throws {
    try withDirectory { directory in
      let older = try write(1, to: directory)
      let file = try write(2, to: directory)
      let (url, manifest) = (URL(fileURLWithPath: file), "\(directory.path)/\(name(2)).json")
      var bytes = try Data(contentsOf: url)
      switch damage {
      case "truncated": try bytes.dropLast().write(to: url)
      case "changed":
        bytes[bytes.count - 1] ^= 1
        try bytes.write(to: url)
      case "without its file": try FileManager.default.removeItem(at: url)
      case "with another's manifest":
        try FileManager.default.removeItem(atPath: manifest)
        try FileManager.default.copyItem(atPath: "\(directory.path)/\(name(1)).json", toPath: manifest)
      default: try Data("{".utf8).write(to: URL(fileURLWithPath: manifest))
      }
      let newest = try #require(try directory.newest())
      #expect(newest.checkpoint.path == older)
      #expect(newest.damages.count == 1 && newest.damages[0].hasPrefix("\(directory.path)/\(name(2))."))
    }
  }

  @Test func onlyDamagedOnesAreAnError() throws {
    try withDirectory { directory in
      for step in 1...2 { try Data().write(to: URL(fileURLWithPath: write(step, to: directory))) }
      let error = #expect(throws: FileError.self) { try directory.newest() }
      let text = error?.description ?? ""
      #expect(text.hasPrefix("\(directory.path): expected a checkpoint that is whole"), "\(text)")
      #expect(text.contains(name(1)) && text.contains(name(2)), "\(text)")
    }
  }

  /// A program that was killed before it wrote the manifest left no checkpoint; the next one clears up.
  @Test func aFileWithoutManifestIsNone() throws {
    try withDirectory { directory in
      let older = try write(1, to: directory)
      try write(2, to: directory)
      try FileManager.default.removeItem(atPath: "\(directory.path)/\(name(2)).json")
      let newest = try #require(try directory.newest())
      #expect(newest.checkpoint.path == older && newest.damages.isEmpty)
      try write(3, to: directory)
      #expect(try files(in: directory).filter { $0.contains(name(2)) }.isEmpty)
    }
  }

  /// Only checkpoints are removed.
  @Test func clearingLeavesOtherFiles() throws {
    try withDirectory { directory in
      for step in 1...3 { try write(step, to: directory) }
      try Data().write(to: URL(fileURLWithPath: "\(directory.path)/notes.json"))
      try directory.clear()
      #expect(try files(in: directory) == ["notes.json"])
      #expect(try directory.newest() == nil)
    }
  }
}
