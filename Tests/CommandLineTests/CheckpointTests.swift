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

  /// Starts a run and sends a signal to one rank, unless told otherwise once there is a checkpoint.
  private func interrupt(
    _ arguments: [String], ranks: Int, out: String, signal: Int32, rank: Int,
    after isTime: ([String]) -> Bool = { $0.count >= 2 }
  ) throws -> Program {
    let running = try Program.start(arguments + ["--out", out], ranks: ranks)
    while running.isRunning && !isTime(RunFiles(directory: out).checkpoints) { usleep(1000) }
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

  /// By Ctrl-C, and by a terminal that is closed; without a launcher that takes them first.
  @Test(arguments: [SIGINT, SIGHUP])
  func interruptsAndHangUpsLeaveACheckpoint(_ signal: Int32) throws {
    try withTemporaryDirectory { directory in
      let run = RunFiles(directory: directory)
      let running = try Program.start(
        Self.options + ["--save-every", "5steps", "--out", directory], ranks: nil)
      while running.isRunning && run.checkpoints.isEmpty { usleep(1000) }
      let before = run.checkpoints.count
      kill(running.processID, signal)
      let program = running.wait()
      #expect(program.exitCode == 75 && program.errorLines.count == 1, "\(program.errors)")
      #expect(run.checkpoints.count >= before)
      #expect(try run.record()["status"] as? String == "checkpointed")
    }
  }

  /// The signals are listened to while the images are drawn, long before a step looks at them.
  @Test func aSecondInterruptEndsARunAtOnce() throws {
    try withTemporaryDirectory { directory in
      let running = try Program.start(["--threads", "1", "--out", "\(directory)/run"], ranks: nil)
      func listens() -> Bool {
        let status = try? String(contentsOfFile: "/proc/\(running.processID)/status", encoding: .utf8)
        let line = status?.split(separator: "\n").first { $0.hasPrefix("SigCgt:") }
        let mask = line.flatMap { UInt64($0.split(separator: "\t").last ?? "", radix: 16) } ?? 0
        return mask >> UInt64(SIGINT - 1) & 1 == 1
      }
      while running.isRunning && !listens() { usleep(1000) }
      kill(running.processID, SIGINT)
      usleep(100_000)
      #expect(running.isRunning)
      kill(running.processID, SIGINT)
      #expect(running.wait().exitCode == SIGINT)
      #expect(!FileManager.default.fileExists(atPath: "\(directory)/run/checkpoints"))
    }
  }

  /// nohup lets a program ignore the end of its terminal.
  @Test func aHangUpThatIsIgnoredStaysSo() throws {
    try withTemporaryDirectory { directory in
      let ignoring = ["sh", "-c", "trap '' HUP; exec \"$@\"", "sh"]
      let options = ["--train-samples", "640", "--test-samples", "64", "--epochs", "1", "--threads", "1"]
      let running = try RunningProgram(
        ignoring + [Program.path] + options + ["--save-every", "2steps", "--out", directory], seconds: 120)
      while running.isRunning && RunFiles(directory: directory).checkpoints.isEmpty { usleep(1000) }
      kill(running.processID, SIGHUP)
      let program = running.wait()
      #expect(program.exitCode == 0, "\(program.errors)")
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
      func expect(_ names: [String], sourceLocation: SourceLocation = #_sourceLocation) {
        let expected = names.flatMap { ["\($0).json", "\($0).safetensors"] }
        #expect(files.checkpoints == expected, sourceLocation: sourceLocation)
      }
      // The last step, 94, is saved as a step and again with its epoch.
      try run(Self.options + ["--save-every", "47steps", "--keep", "3"], ranks: 1, out: directory)
      expect(["step-00000047-epoch-0000", "step-00000094-epoch-0001", "step-00000094-epoch-0002"])
      let again = Self.options + ["--overwrite"]
      try run(again + ["--save-every", "none"], ranks: 1, out: directory)
      expect([])  // A new run replaces the old one's.
      try run(again + ["--save-every", "0.0001min", "--keep", "100"], ranks: 2, out: directory)
      #expect(files.checkpoints.count >= 8)
      try run(again + ["--keep", "1"], ranks: 1, out: directory)
      expect(["step-00000094-epoch-0002"])
    }
  }

  /// Going on from an older checkpoint gives up the newer ones.
  @Test func newerCheckpointsAreGivenUp() throws {
    try withTemporaryDirectory { directory in
      let files = RunFiles(directory: directory)
      try run(Self.options + ["--save-every", "20steps", "--keep", "9"], ranks: 1, out: directory)
      let hash = try files.hash()
      let older = "\(directory)/checkpoints/step-00000040-epoch-0000.safetensors"
      let program = try interrupt(
        ["--resume", older, "--save-every", "5steps", "--keep", "9"], ranks: 1, out: directory,
        signal: SIGUSR1, rank: 0, after: { $0.contains { $0.hasPrefix("step-00000045") } })
      #expect(program.exitCode == 75)
      #expect(!files.checkpoints.contains { $0.hasPrefix("step-00000094") || $0.hasPrefix("step-00000080") })
      try run(["--resume", "auto"], ranks: 1, out: directory)
      #expect(try files.hash() == hash)
    }
  }

  /// What a run in another directory goes on with is its own there.
  @Test func goingOnElsewhereReplacesWhatIsThere() throws {
    try withTemporaryDirectory { directory in
      let (a, b) = (RunFiles(directory: "\(directory)/a"), RunFiles(directory: "\(directory)/b"))
      try run(Self.options, ranks: 1, out: a.directory)
      try run(Self.options + ["--seed", "2", "--epochs", "4"], ranks: 1, out: b.directory)
      let goOn = ["--resume", a.directory, "--epochs", "3"]
      let refused = try run(goOn, ranks: 1, out: b.directory, exitCode: 1)
      #expect(
        refused.errors.contains("expected a directory without a run, found a completed run"),
        "\(refused.errors)")
      #expect(try b.rows().count == 4, "the refused run changed what is there")
      let program = try run(goOn + ["--overwrite"], ranks: 1, out: b.directory)
      #expect(program.output.contains("(its earlier run is in \(b.directory)/earlier-run until"))
      #expect(!b.allFiles.contains("earlier-run"), "the earlier run is still there")
      #expect(b.checkpoints.map { $0.prefix(13) } == ["step-00000141", "step-00000141"])
      #expect(try b.rows().count == 3)
      let lines = try String(contentsOfFile: "\(b.directory)/metrics.jsonl", encoding: .utf8)
      #expect(!lines.contains("\"epoch\":1,"), "lines of the run that was there")
      // Without --out it goes on where it was, also by a relative path.
      let extended = try Program.run(["--resume", "a", "--epochs", "3"], in: directory)
      #expect(extended.exitCode == 0, "\(extended.errors)")
      #expect(try a.hash() == b.hash() && a.rows().count == 3)
    }
  }

  /// Everything that a run can carry from step to step.
  @Test(arguments: [
    ["--optimizer", "adam", "--accumulate", "2", "--global-batch", "48", "--schedule", "constant"],
    [
      "--ema", "0.9", "--early-stopping", "1", "--validation-split", "0.2", "--augment", "digits", "--epochs",
      "4", "--lr", "0.01",
    ],
    ["--weights", "WEIGHTS", "--clip-norm", "0.5", "--label-smoothing", "0.1", "--ema", "0.99"],
  ])
  func everythingGoesOnBitwise(_ more: [String]) throws {
    try withTemporaryDirectory { directory in
      let (whole, cut) = (RunFiles(directory: "\(directory)/a"), RunFiles(directory: "\(directory)/b"))
      let weights = "\(directory)/weights"
      if more.contains("WEIGHTS") { try run(Self.options + ["--epochs", "1"], ranks: 1, out: weights) }
      let options = Self.options + more.map { $0 == "WEIGHTS" ? weights : $0 } + ["--log-every", "5"]
      try run(options, ranks: 2, out: whole.directory)
      let program = try interrupt(
        options + ["--save-every", "7steps"], ranks: 2, out: cut.directory, signal: SIGTERM, rank: 1)
      #expect(program.exitCode == 75, "\(program.errors)")
      try run(["--resume", cut.directory, "--keep", "2"], ranks: 2, out: cut.directory)
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

  /// A complete run has no best epoch for early stopping to give back.
  @Test func stoppingACompleteRunEarlyKeepsItsWeights() throws {
    try withTemporaryDirectory { directory in
      let files = RunFiles(directory: directory)
      try run(Self.options, ranks: 1, out: directory)
      let hash = try files.hash()
      try run(["--resume", "auto", "--early-stopping", "2"], ranks: 1, out: directory)
      #expect(try files.hash() == hash)
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
        (["--lr", "0.00200000001"], "has 0.002, the command line 0.00200000001"),
        (["--epochs", "1"], "has done 2, the command line asks for 1"),
        (["--momentum=0.5"], "has 0.95, the command line 0.5"),
        (["--reproducible"], "--reproducible"), (["--batch-size", "16"], "has 32, the command line 16"),
        (["--micro-batch", "16"], "has no value, the command line 16"),
      ] {
        let program = try run(options + ["--resume", "auto"], ranks: 2, out: directory, exitCode: 2)
        #expect(program.errorLines.count == 1 && program.errors.contains(expected), "\(program.errors)")
      }
      for (resume, expected) in [
        ("missing", "missing: expected a run directory or a checkpoint, found nothing"),
        ("\(directory)/run.json", "run.json: expected the manifest of a checkpoint"),
        (
          "\(directory)/model.safetensors",
          "model.safetensors is to start from, to evaluate and to predict with"
        ),
        (".", ".: expected a run directory with checkpoints, found none"),
      ] {
        let program = try run(["--resume", resume], ranks: 2, out: directory, exitCode: 1)
        #expect(program.errorLines.count == 1 && program.errors.contains(expected), "\(program.errors)")
      }
      for (options, expected) in [
        (["--model", "mnist-cnn"], "the model differs: the checkpoint has mnist-bn, this run mnist-cnn"),
        (["--train-samples", "1499"], "--train-samples"),
      ] {
        let other = try Program.run(options + ["--resume", "auto", "--out", directory], ranks: 2)
        #expect([1, 2].contains(other.exitCode) && other.errors.contains(expected), "\(other.errors)")
      }
      #expect(try files.hash() == before.0 && files.checkpoints == before.1)
      let program = try Program.run(["--resume", "auto"])
      #expect(program.exitCode == 2 && program.errors.contains("expected --out DIR"), "\(program.errors)")
    }
  }

  /// Hashes of data that another version wrote cannot be compared, and that is said; the run goes on to the
  /// bit.
  @Test func hashesOfAnotherKindAreNotCompared() throws {
    try withTemporaryDirectory { directory in
      let files = RunFiles(directory: directory)
      try run(
        [
          "--train-samples", "96", "--test-samples", "32", "--batch-size", "32", "--epochs", "2", "--keep",
          "2",
        ],
        ranks: 1, out: directory)
      let hash = try files.hash()
      let older = "\(directory)/checkpoints/step-00000003-epoch-0001"
      // As many digits as there were characters, so that nothing else in the file moves.
      let script = """
        export LC_ALL=C
        sed -Ei 's/(DataHash[^x]*)xxh3:([0-9a-f]{32})/\\1\\200000/g' \(older).safetensors
        ! grep -q xxh3: \(older).safetensors
        sum=$(sha256sum \(older).safetensors | cut -d ' ' -f 1)
        sed -Ei "s/[0-9a-f]{64}/$sum/" \(older).json
        """
      #expect(try RunningProgram(["sh", "-ec", script], seconds: 10).wait().exitCode == 0)
      let old = try run(["--resume", "\(older).safetensors"], ranks: 1, out: directory)
      #expect(old.output.contains("the data could not be compared with the checkpoint's"), "\(old.errors)")
      #expect(try files.hash() == hash)
      let new = try run(["--resume", "auto", "--epochs", "3"], ranks: 1, out: directory)
      #expect(!new.output.contains("could not be compared"), "\(new.errors)")
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
