import Foundation
import TestSupport
import Testing

/// What a run finds in its directory.
@Suite(.serialized) struct RunDirectoryTests {
  private static let options = [
    "--train-samples", "320", "--test-samples", "64", "--epochs", "1", "--threads", "1", "--model",
    "mnist-small",
  ]

  private func run(_ arguments: [String], out: String) throws -> Program {
    try Program.run(Self.options + arguments + ["--out", out])
  }

  @Test func aRunIsRefusedUnlessItIsOverwritten() throws {
    try withTemporaryDirectory { directory in
      let files = RunFiles(directory: directory)
      #expect(try run([], out: directory).exitCode == 0)
      let (hash, checkpoints) = (try files.hash(), files.checkpoints)
      let refused = try run(["--seed", "2"], out: directory)
      #expect(refused.exitCode == 1)
      #expect(
        refused.errors.contains("found a completed run (mnist-small on 1 rank, 1 epoch, "),
        "\(refused.errors)")
      #expect(try files.hash() == hash && files.checkpoints == checkpoints)
      #expect(try run(["--seed", "2", "--overwrite"], out: directory).exitCode == 0)
      #expect(try files.hash() != hash)
      #expect(!files.allFiles.contains { $0.contains("earlier-run") || $0.contains("lock") })
    }
  }

  /// An overwritten run is there until the new one has something to show.
  @Test func anOverwrittenRunIsKeptAside() throws {
    try withTemporaryDirectory { directory in
      let files = RunFiles(directory: directory)
      #expect(try run([], out: directory).exitCode == 0)
      let record = try Data(contentsOf: URL(fileURLWithPath: "\(directory)/run.json"))
      // It diverges before its first checkpoint, twice.
      for _ in 1...2 {
        let failed = try run(["--overwrite", "--lr", "1e30"], out: directory)
        #expect(failed.exitCode == 1 && failed.errors.contains("diverged"), "\(failed.errors)")
        let aside = "\(directory)/earlier-run"
        #expect(try Data(contentsOf: URL(fileURLWithPath: "\(aside)/run.json")) == record)
        #expect(RunFiles(directory: aside).checkpoints.count == 2 && files.checkpoints.isEmpty)
      }
      #expect(try run(["--overwrite"], out: directory).exitCode == 0)
      #expect(!files.allFiles.contains { $0.contains("earlier-run") })
    }
  }

  /// A second run while the first one is there: refused at once, and the first one's results are its own.
  @Test func twoRunsDoNotShareADirectory() throws {
    try withTemporaryDirectory { directory in
      let files = RunFiles(directory: directory)
      let first = try Program.start(
        ["--train-samples", "6000", "--epochs", "50", "--threads", "1", "--out", directory], ranks: nil)
      while first.isRunning && files.checkpoints.isEmpty { usleep(1000) }
      for arguments in [[], ["--overwrite"], ["--resume", "auto"]] {
        let second = try run(arguments, out: directory)
        #expect(second.exitCode != 0)
        if arguments != ["--resume", "auto"] {
          #expect(
            second.errors.contains("found one that process \(first.processID) on "), "\(second.errors)")
        }
      }
      kill(first.processID, SIGTERM)
      #expect(first.wait().exitCode == 75)
      #expect(try files.record()["status"] as? String == "checkpointed")
      #expect(!FileManager.default.fileExists(atPath: "\(directory)/run.lock"))
    }
  }

  /// A killed run leaves its lock, which keeps nobody out.
  @Test func theLockOfADeadRunIsTakenOver() throws {
    try withTemporaryDirectory { directory in
      let files = RunFiles(directory: directory)
      let first = try Program.start(
        [
          "--train-samples", "6000", "--epochs", "50", "--threads", "1", "--save-every", "none", "--out",
          directory,
        ],
        ranks: nil)
      while first.isRunning && !FileManager.default.fileExists(atPath: "\(directory)/run.json") {
        usleep(1000)
      }
      kill(first.processID, SIGKILL)
      _ = first.wait()
      #expect(FileManager.default.fileExists(atPath: "\(directory)/run.lock"))
      #expect(try files.record()["status"] as? String == "running")
      // It stopped before its first checkpoint: nothing to lose, and its own record says what it was to do.
      let second = try Program.run(["--resume", directory, "--epochs", "1"])
      #expect(second.exitCode == 0, "\(second.errors)")
      #expect(second.output.contains("stopped before its first checkpoint: it starts at the beginning"))
      #expect(try files.record()["train_samples"] as? Int == 6000)
    }
  }

  @Test func defaultNamesAreOfOneRunEach() throws {
    try withTemporaryDirectory { directory in
      let runs = try (0..<3).map { _ in
        try RunningProgram([Program.path] + Self.options, [:], directory, seconds: 120)
      }
      for run in runs { #expect(run.wait().exitCode == 0) }
      #expect(try FileManager.default.contentsOfDirectory(atPath: "\(directory)/runs").count == 3)
    }
  }

  /// The checkpoint of the first format goes on, though its model file is gone: `Tests/Golden/checkpoint-format-1`
  /// was written by
  ///
  ///     cnn-mpi --model tiny.json --train-samples 96 --test-samples 32 --epochs 2 --batch-size 16 --threads 1
  ///       --ema 0.9 --early-stopping 5 --save-every 4steps --out run
  ///
  /// of version 0.1.0, before checkpoints said their format.
  @Test func theFirstFormatIsResumed() throws {
    try withTemporaryDirectory { directory in
      let checkpoint = "\(packageRoot)/Tests/Golden/checkpoint-format-1/step-00000008-epoch-0001.safetensors"
      let program = try Program.run(["--resume", checkpoint, "--out", "run"], in: directory)
      #expect(program.exitCode == 0, "\(program.errors)")
      let files = RunFiles(directory: "\(directory)/run")
      let (record, rows) = (try files.record(), try files.rows())
      #expect(record["resumed_after_step"] as? Int == 8 && record["model"] as? String == "tiny")
      #expect(rows.count == 2 && rows[0]["test_loss"] == "2.326705551451596")
      // What that version's whole run came to, with rounding of its own.
      for (column, expected) in [("train_loss", 2.138417879740397), ("test_loss", 2.3128840303979814)] {
        let own = Double(rows[1][column] ?? "") ?? .nan
        #expect(abs(own - expected) <= 1e-3, "\(column): \(own)")
      }
    }
  }

  /// A format that is not known yet is said with both versions.
  @Test func aLaterFormatIsRefused() throws {
    try withTemporaryDirectory { directory in
      #expect(try run([], out: directory).exitCode == 0)
      let files = RunFiles(directory: directory)
      let path = "\(directory)/checkpoints/\(files.checkpoints.first { $0.hasSuffix("safetensors") } ?? "")"
      let change = """
        import hashlib, json, sys
        path = sys.argv[1]
        data = open(path, "rb").read()
        size = int.from_bytes(data[:8], "little")
        header = data[8:8 + size].replace(b'\\\\"format\\\\":1', b'\\\\"format\\\\":7')
        assert header != data[8:8 + size]
        data = data[:8] + header + data[8 + size:]
        open(path, "wb").write(data)
        manifest = path.replace(".safetensors", ".json")
        text = json.load(open(manifest))
        text["sha256"] = hashlib.sha256(data).hexdigest()
        json.dump(text, open(manifest, "w"))
        """
      let python = try RunningProgram(["python3", "-c", change, path], seconds: 60).wait()
      #expect(python.exitCode == 0, "\(python.errors)")
      let program = try Program.run(["--resume", directory])
      #expect(program.exitCode == 1)
      #expect(
        program.errors.contains(
          "found format 7, written by cnn-mpi 0.1.0, where this program reads formats up to 1"),
        "\(program.errors)")
    }
  }
}
