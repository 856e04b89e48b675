import Foundation
import TestSupport
import Testing

/// Which checkpoints a run keeps, and that all its state is in them.
@Suite(.serialized) struct CheckpointTests {
  @Test func keepsTheNewest() throws {
    try withTemporaryDirectory { directory in
      let files = RunFiles(directory: directory)
      func expect(_ names: [String], sourceLocation: SourceLocation = #_sourceLocation) {
        let expected = names.flatMap { ["\($0).json", "\($0).safetensors"] }
        #expect(files.checkpoints == expected, sourceLocation: sourceLocation)
      }
      // The last step, 94, is saved as a step and again with its epoch.
      try SmallRun.run(
        SmallRun.options + ["--save-every", "47steps", "--keep", "3"], ranks: 1, out: directory)
      expect(["step-00000047-epoch-0000", "step-00000094-epoch-0001", "step-00000094-epoch-0002"])
      let again = SmallRun.options + ["--overwrite"]
      try SmallRun.run(again + ["--save-every", "none"], ranks: 1, out: directory)
      expect([])  // A new run replaces the old one's.
      try SmallRun.run(again + ["--save-every", "0.0001min", "--keep", "100"], ranks: 2, out: directory)
      #expect(files.checkpoints.count >= 8)
      try SmallRun.run(again + ["--keep", "1"], ranks: 1, out: directory)
      expect(["step-00000094-epoch-0002"])
    }
  }

  /// Going on from an older checkpoint gives up the newer ones.
  @Test func newerCheckpointsAreGivenUp() throws {
    try withTemporaryDirectory { directory in
      let files = RunFiles(directory: directory)
      try SmallRun.run(
        SmallRun.options + ["--save-every", "20steps", "--keep", "9"], ranks: 1, out: directory)
      let hash = try files.hash()
      let older = "\(directory)/checkpoints/step-00000040-epoch-0000.safetensors"
      let program = try SmallRun.interrupt(
        ["--resume", older, "--save-every", "5steps", "--keep", "9"], ranks: 1, out: directory,
        signal: SIGUSR1, rank: 0, after: { $0.contains { $0.hasPrefix("step-00000045") } })
      #expect(program.exitCode == 75)
      #expect(!files.checkpoints.contains { $0.hasPrefix("step-00000094") || $0.hasPrefix("step-00000080") })
      try SmallRun.run(["--resume", "auto"], ranks: 1, out: directory)
      #expect(try files.hash() == hash)
    }
  }

  /// Everything that a run can carry from step to step.
  @Test(arguments: [
    [
      "--model", branchingModel, "--optimizer", "adam", "--accumulate", "2", "--global-batch", "48",
      "--schedule", "constant",
    ],
    [
      "--ema", "0.9", "--early-stopping", "1", "--validation-split", "0.2", "--augment", "digits", "--epochs",
      "4", "--lr", "0.01",
    ],
    ["--optimizer", "lars", "--lr", "1", "--weight-decay", "0.001"],
    ["--optimizer", "lamb", "--lr", "0.01", "--weight-decay", "0.01"],
    [
      "--optimizer", "adamw", "--weight-decay", "0.01", "--weights", "WEIGHTS", "--clip-norm", "0.5",
      "--label-smoothing", "0.1", "--ema", "0.99",
    ],
  ])
  func everythingGoesOnBitwise(_ more: [String]) throws {
    try withTemporaryDirectory { directory in
      let (whole, cut) = (RunFiles(directory: "\(directory)/a"), RunFiles(directory: "\(directory)/b"))
      let weights = "\(directory)/weights"
      if more.contains("WEIGHTS") {
        try SmallRun.run(SmallRun.options + ["--epochs", "1"], ranks: 1, out: weights)
      }
      let options = SmallRun.options + more.map { $0 == "WEIGHTS" ? weights : $0 } + ["--log-every", "5"]
      try SmallRun.run(options, ranks: 2, out: whole.directory)
      let program = try SmallRun.interrupt(
        options + ["--save-every", "7steps"], ranks: 2, out: cut.directory, signal: SIGTERM, rank: 1)
      #expect(program.exitCode == 75, "\(program.errors)")
      try SmallRun.run(["--resume", cut.directory, "--keep", "2"], ranks: 2, out: cut.directory)
      #expect(try cut.hash() == whole.hash())
      #expect(try cut.results() == whole.results())
      #expect(try losses(cut) == losses(whole) && losses(whole).count > 4)
      for key in ["best_epoch", "stopped_early", "test_accuracy", "validation_loss"] {
        #expect(try "\(cut.record()[key] ?? 0)" == "\(whole.record()[key] ?? 0)", "\(key)")
      }
      let times = try cut.record()["epoch_times"] as? [[String: Double]] ?? []
      #expect(try times.count == cut.rows().count)
    }
  }

  /// The lines of metrics.jsonl, but for times.
  private func losses(_ files: RunFiles) throws -> [[String: String]] {
    let text = try String(contentsOfFile: "\(files.directory)/metrics.jsonl", encoding: .utf8)
    return try text.split(separator: "\n").map { line in
      let values = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
      let timeless = values.filter { $0.key != "seconds" && $0.key != "images_per_second" }
      return timeless.mapValues { "\($0)" }
    }
  }
}
