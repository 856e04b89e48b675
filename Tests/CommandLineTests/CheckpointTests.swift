import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct CheckpointTests {
  /// 24 steps an epoch, the last short; momentum, dropout and batch normalisation.
  static let options = [
    "--train-samples", "1500", "--test-samples", "200", "--epochs", "2", "--threads", "1", "--model",
    "mnist-bn", "--batch-size", "32", "--lr", "0.002",
  ]

  /// Runs to the end, or as far as `expected` says.
  @discardableResult
  private func run(
    _ arguments: [String], ranks: Int, out: String, exitCode expected: Int32 = 0,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Program {
    let program = try Program.run(arguments + ["--out", out], ranks: ranks)
    #expect(program.exitCode == expected, "\(program.errors)", sourceLocation: sourceLocation)
    return program
  }

  /// Starts a run and sends a signal to one rank once `file` is there.
  private func interrupt(
    _ arguments: [String], ranks: Int, out: String, signal: Int32, rank: Int
  ) throws -> Program {
    let running = try Program.start(arguments + ["--out", out], ranks: ranks)
    while running.isRunning && RunFiles(directory: out).checkpoints.count < 2 { usleep(2000) }
    let ids = running.rankIDs
    if rank < ids.count { kill(ids[rank], signal) }
    return running.wait()
  }

  /// Stopped in the middle of an epoch, in the second epoch, on any rank, by either signal.
  @Test(arguments: [(1, 0, SIGTERM, 5), (2, 1, SIGUSR1, 5), (2, 0, SIGTERM, 26)])
  func signalledRunsGoOnBitwise(_ ranks: Int, rank: Int, signal: Int32, step: Int) throws {
    try withTemporaryDirectory { directory in
      let (whole, cut) = (RunFiles(directory: "\(directory)/a"), RunFiles(directory: "\(directory)/b"))
      try run(Self.options, ranks: ranks, out: whole.directory)
      let program = try interrupt(
        Self.options + ["--save-every", "\(step)steps"], ranks: ranks, out: cut.directory, signal: signal,
        rank: rank)
      #expect(program.exitCode == 75, "\(program.errors)")
      #expect(program.errors.contains("stopped by a signal after step "))
      let stopped = try cut.record()
      #expect(stopped["status"] as? String == "checkpointed" && stopped["weights_sha256"] == nil)
      try run(Self.options + ["--resume", "auto"], ranks: ranks, out: cut.directory)
      #expect(try cut.hash() == whole.hash())
      #expect(try cut.results() == whole.results())
      let record = try cut.record()
      #expect((record["resumed_after_step"] as? Int ?? 0) >= step)
      #expect(record["status"] as? String == "completed" && record["error"] == nil)
    }
  }

  /// A checkpoint in the middle of the first epoch and another number of ranks: the samples go on where they
  /// were, and the learning rate follows the ranks.
  @Test func anotherNumberOfRanksGoesOn() throws {
    try withTemporaryDirectory { directory in
      let run = RunFiles(directory: directory)
      _ = try interrupt(
        Self.options + ["--save-every", "7steps"], ranks: 2, out: directory, signal: SIGUSR1, rank: 0)
      let program = try self.run(["--resume", directory], ranks: 3, out: directory)
      #expect(program.output.contains("ranks 2 -> 3, global batch 64 -> 96, learning rate 0.004 -> 0.006"))
      let record = try run.record()
      #expect(record["world_size"] as? Int == 3 && record["global_batch"] as? Int == 96)
      #expect(try run.rows().count == 2)
      // Every sample once: the training accuracies are shares of 1,500.
      let accuracies = try run.rows().compactMap { Double($0["train_accuracy"] ?? "") }
      #expect(accuracies.allSatisfy { abs($0 * 1500 - ($0 * 1500).rounded()) < 1e-6 }, "\(accuracies)")
      let speed = record["images_per_second"] as? Double ?? 0
      #expect(abs(speed * (record["train_seconds"] as? Double ?? 0) - 3000) < 1)
    }
  }

  @Test func keepsTheNewest() throws {
    try withTemporaryDirectory { directory in
      let files = RunFiles(directory: directory)
      try run(Self.options + ["--save-every", "10steps", "--keep", "2"], ranks: 1, out: directory)
      let expected = [90, 94].flatMap { ["step-000000\($0).json", "step-000000\($0).safetensors"] }
      #expect(files.checkpoints == expected)
      try run(Self.options + ["--save-every", "none"], ranks: 1, out: directory)
      #expect(files.checkpoints.isEmpty, "a new run replaces the old one's checkpoints")
      try run(Self.options + ["--save-every", "0.0001min", "--keep", "100"], ranks: 2, out: directory)
      #expect(files.checkpoints.count >= 8)
      try run(Self.options, ranks: 1, out: directory)
      #expect(
        files.checkpoints.map { $0.prefix(13) } == ["step-00000047", "step-00000047"] + [
          "step-00000094", "step-00000094",
        ])
    }
  }

  /// Going on with a run that is complete says its results; more epochs can be asked for.
  @Test func completeRunsCanBeExtended() throws {
    try withTemporaryDirectory { directory in
      let files = RunFiles(directory: directory)
      try run(Self.options, ranks: 1, out: directory)
      let hash = try files.hash()
      try run(["--resume", "auto"], ranks: 1, out: directory)
      #expect(try files.hash() == hash && files.rows().count == 2)
      let program = try run(["--resume", "auto", "--epochs", "3"], ranks: 1, out: directory)
      #expect(program.output.contains("epochs 2 -> 3"))
      #expect(try files.hash() != hash && files.rows().count == 3)
    }
  }

  @Test func autoWithoutACheckpointStartsAtTheBeginning() throws {
    try withTemporaryDirectory { directory in
      let files = RunFiles(directory: "\(directory)/new")
      try run(Self.options + ["--resume", "auto"], ranks: 1, out: files.directory)
      #expect(try files.rows().count == 2 && files.record()["resumed_from"] == nil)
    }
  }

  /// Everything that conflicts is an error that names both values, and nothing is touched.
  @Test func conflictsNameBothValues() throws {
    try withTemporaryDirectory { directory in
      let files = RunFiles(directory: directory)
      try run(Self.options, ranks: 1, out: directory)
      let before = try (files.hash(), files.checkpoints)
      for (options, expected) in [
        (["--lr", "0.5"], "--lr: the checkpoint"), (["--seed", "9"], "has 1, the command line 9"),
        (["--model", "mnist-cnn"], "has mnist-bn, the command line mnist-cnn"),
        (["--momentum=0.5"], "has 0.95, the command line 0.5"),
        (["--reproducible"], "--reproducible"), (["--batch-size", "16"], "has 32, the command line 16"),
        (["--micro-batch", "16"], "has no value, the command line 16"),
      ] {
        let program = try run(options + ["--resume", "auto"], ranks: 2, out: directory, exitCode: 2)
        #expect(program.errorLines.count == 1 && program.errors.contains(expected), "\(program.errors)")
      }
      for (resume, expected) in [
        ("/nowhere", "/nowhere: expected a run directory or a checkpoint, found nothing"),
        ("\(directory)/run.json", "run.json: expected the manifest of a checkpoint"),
        ("/etc", "/etc: expected a run directory with checkpoints, found none"),
      ] {
        let program = try run(["--resume", resume], ranks: 2, out: directory, exitCode: 1)
        #expect(program.errorLines.count == 1 && program.errors.contains(expected), "\(program.errors)")
      }
      #expect(try files.hash() == before.0 && files.checkpoints == before.1)
      let program = try Program.run(["--resume", "auto"])
      #expect(program.exitCode == 1 && program.errors.contains("expected --out DIR"), "\(program.errors)")
    }
  }

  /// Data of another seed has the same number of images.
  @Test(.enabled(if: hasMNIST, Comment(rawValue: mnistHint)))
  func otherDataIsNoticed() throws {
    try withTemporaryDirectory { directory in
      let (data, out) = ("\(directory)/data", "\(directory)/out")
      try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
      for name in try FileManager.default.contentsOfDirectory(atPath: mnistDirectory) {
        try FileManager.default.createSymbolicLink(
          atPath: "\(data)/\(name)", withDestinationPath: "\(mnistDirectory)/\(name)")
      }
      try run(Self.options + ["--data", data], ranks: 1, out: out)
      let labels = "\(data)/train-labels-idx1-ubyte"
      let unzip = Process()
      unzip.executableURL = URL(fileURLWithPath: "/bin/sh")
      unzip.arguments = [
        "-c",
        "gunzip -c \(labels).gz > \(labels) && printf '\\001' | dd of=\(labels) bs=1 seek=8 conv=notrunc 2>/dev/null",
      ]
      try unzip.run()
      unzip.waitUntilExit()
      #expect(unzip.terminationStatus == 0)
      let program = try run(["--resume", "auto", "--epochs", "3"], ranks: 1, out: out, exitCode: 1)
      #expect(program.errors.contains("cannot resume: the training data differs"), "\(program.errors)")
    }
  }
}
