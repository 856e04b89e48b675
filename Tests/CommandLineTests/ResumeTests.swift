import Foundation
import TestSupport
import Testing

/// `--resume`: where a run goes on, with what settings, and with what it refuses to.
@Suite(.serialized) struct ResumeTests {
  /// A checkpoint in the middle of the first epoch and another number of ranks: the samples go on where they
  /// were, and the learning rate follows the ranks.
  @Test func anotherNumberOfRanksGoesOn() throws {
    try withTemporaryDirectory { directory in
      let run = RunFiles(directory: directory)
      _ = try SmallRun.interrupt(
        SmallRun.options + ["--save-every", "7steps"], ranks: 2, out: directory, signal: SIGUSR1, rank: 0)
      let program = try SmallRun.run(["--resume", directory], ranks: 3, out: directory)
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

  /// What a run in another directory goes on with is its own there.
  @Test func goingOnElsewhereReplacesWhatIsThere() throws {
    try withTemporaryDirectory { directory in
      let (a, b) = (RunFiles(directory: "\(directory)/a"), RunFiles(directory: "\(directory)/b"))
      try SmallRun.run(SmallRun.options, ranks: 1, out: a.directory)
      try SmallRun.run(SmallRun.options + ["--seed", "2", "--epochs", "4"], ranks: 1, out: b.directory)
      let goOn = ["--resume", a.directory, "--epochs", "3"]
      let refused = try SmallRun.run(goOn, ranks: 1, out: b.directory, exitCode: 1)
      #expect(
        refused.errors.contains("expected a directory without a run, found a completed run"),
        "\(refused.errors)")
      #expect(try b.rows().count == 4, "the refused run changed what is there")
      let program = try SmallRun.run(goOn + ["--overwrite"], ranks: 1, out: b.directory)
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

  /// A complete run has no best epoch for early stopping to give back.
  @Test func stoppingACompleteRunEarlyKeepsItsWeights() throws {
    try withTemporaryDirectory { directory in
      let files = RunFiles(directory: directory)
      try SmallRun.run(SmallRun.options, ranks: 1, out: directory)
      let hash = try files.hash()
      try SmallRun.run(["--resume", "auto", "--early-stopping", "2"], ranks: 1, out: directory)
      #expect(try files.hash() == hash)
    }
  }

  /// Going on with a run that is complete says its results; more epochs can be asked for.
  @Test func completeRunsCanBeExtended() throws {
    try withTemporaryDirectory { directory in
      let files = RunFiles(directory: directory)
      try SmallRun.run(SmallRun.options, ranks: 1, out: directory)
      let hash = try files.hash()
      try SmallRun.run(["--resume", "auto"], ranks: 1, out: directory)
      #expect(try files.hash() == hash && files.rows().count == 2)
      let program = try SmallRun.run(["--resume", "auto", "--epochs", "3"], ranks: 1, out: directory)
      #expect(program.output.contains("epochs 2 -> 3"))
      #expect(try files.hash() != hash && files.rows().count == 3)
    }
  }

  @Test func autoWithoutACheckpointStartsAtTheBeginning() throws {
    try withTemporaryDirectory { directory in
      let files = RunFiles(directory: "\(directory)/new")
      try SmallRun.run(SmallRun.options + ["--resume", "auto"], ranks: 1, out: files.directory)
      #expect(try files.rows().count == 2 && files.record()["resumed_from"] == nil)
    }
  }

  /// Everything that conflicts is an error that names both values, and nothing is touched.
  @Test func conflictsNameBothValues() throws {
    try withTemporaryDirectory { directory in
      let files = RunFiles(directory: directory)
      try SmallRun.run(SmallRun.options, ranks: 1, out: directory)
      let before = try (files.hash(), files.checkpoints)
      for (options, expected) in [
        (["--lr", "0.5"], "--lr: the checkpoint"), (["--seed", "9"], "has 1, the command line 9"),
        (["--lr", "0.00200000001"], "has 0.002, the command line 0.00200000001"),
        (["--epochs", "1"], "has done 2, the command line asks for 1"),
        (["--momentum=0.5"], "has 0.95, the command line 0.5"),
        (["--reproducible"], "--reproducible"), (["--batch-size", "16"], "has 32, the command line 16"),
        (["--micro-batch", "16"], "has no value, the command line 16"),
      ] {
        let program = try SmallRun.run(options + ["--resume", "auto"], ranks: 2, out: directory, exitCode: 2)
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
        let program = try SmallRun.run(["--resume", resume], ranks: 2, out: directory, exitCode: 1)
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
      try SmallRun.run(
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
      let old = try SmallRun.run(["--resume", "\(older).safetensors"], ranks: 1, out: directory)
      #expect(old.output.contains("the data could not be compared with the checkpoint's"), "\(old.errors)")
      #expect(try files.hash() == hash)
      let new = try SmallRun.run(["--resume", "auto", "--epochs", "3"], ranks: 1, out: directory)
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
      try SmallRun.run(SmallRun.options + ["--data", data], ranks: 1, out: out)
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
      let program = try SmallRun.run(["--resume", "auto", "--epochs", "3"], ranks: 1, out: out, exitCode: 1)
      #expect(program.errors.contains("cannot resume: the training data differs"), "\(program.errors)")
    }
  }
}
