import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct TrainTests {
  private func record(_ directory: String) throws -> [String: Any] {
    try RunFiles(directory: directory).record()
  }

  private func rows(_ directory: String) throws -> [[String: String]] {
    try RunFiles(directory: directory).rows()
  }

  private static let quick = ["--train-samples", "3000", "--test-samples", "500", "--epochs", "2"]

  @Test(arguments: [nil, 1, 2, 4])
  func theRunDirectoryKeepsTheContract(ranks: Int?) throws {
    try withTemporaryDirectory { directory in
      let program = try Program.run(Self.quick + ["--threads", "1", "--out", directory], ranks: ranks)
      #expect(program.exitCode == 0, "\(program.errors)")
      let (record, rows, size) = (try record(directory), try rows(directory), ranks ?? 1)
      #expect(record["status"] as? String == "completed")
      #expect(record["world_size"] as? Int == size && record["threads"] as? Int == 1)
      #expect((record["weights_sha256"] as? String)?.count == 64)
      #expect((record["train_seconds"] as? Double ?? 0) > 0)
      let accuracy = record["test_accuracy"] as? Double ?? 0
      #expect(accuracy > 0.6 && accuracy <= 1)
      #expect(rows.count == 2 && rows.map { $0["epoch"] } == ["1", "2"])
      #expect(Double(rows[1]["test_accuracy"]!) == accuracy)
      #expect(abs(Double(rows[1]["test_loss"]!)! - (record["test_loss"] as? Double ?? .nan)) < 1e-12)
      let times = record["epoch_times"] as? [[String: Double]] ?? []
      #expect(times.map { $0["epoch"] } == [1, 2])
      let parts = ["compute_seconds", "communication_seconds", "data_seconds"]
      #expect(times.allSatisfy { epoch in parts.allSatisfy { epoch[$0] ?? 0 > 0 } })
      let sum = times.reduce(0) { sum, epoch in parts.reduce(sum) { $0 + (epoch[$1] ?? 0) } }
      let seconds = record["train_seconds"] as? Double ?? 0
      #expect(sum > 0.9 * seconds && sum <= seconds, "\(sum) of \(seconds) s")
      #expect(program.output.contains("compute ") && program.output.contains("communication not hidden "))
      let speed = record["images_per_second"] as? Double ?? 0
      #expect(abs(speed * (record["train_seconds"] as? Double ?? 0) - 6000) < 1)
      let figures = hasGnuplot ? ["training_metrics.png", "training_metrics.svg"] : []
      let files = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
      #expect(files.count > 2 && files[0] == "checkpoints" && files[1].hasPrefix("events.out.tfevents."))
      #expect(
        Array(files.dropFirst(2)) == ["metrics.csv", "metrics.jsonl", "model.safetensors", "run.json"]
          + figures)
      #expect(program.output.contains("apt install gnuplot-nox") == !hasGnuplot)
      #expect(program.output.contains("\(size) rank\(size == 1 ? "" : "s") on 1 host"))
      #expect(program.output.contains(size == 1 ? ": rank 0 on core" : ": rank"))
      #expect(program.output.contains("225,034 parameters"))
      #expect(!program.output.contains("\r") && !program.output.contains("\u{1B}"))
      if size == 4 { #expect(program.output.contains("0.01 x 4 ranks -> 0.04, warm-up 1 epoch")) }
    }
  }

  @Test func aTerminalGetsAProgressBar() throws {
    try withTemporaryDirectory { directory in
      let program = try Program.runOnTerminal(Self.quick + ["--out", directory], ranks: 2)
      #expect(program.exitCode == 0, "\(program.output)")
      #expect(program.output.contains("\r\u{1B}[K\u{1B}[1mepoch 1/2 ") && program.output.contains("images/s"))
    }
  }

  @Test func colorsCanBeTurnedOff() throws {
    try withTemporaryDirectory { directory in
      let program = try Program.runOnTerminal(
        Self.quick + ["--out", directory], ranks: 2, environment: ["NO_COLOR": "1"])
      #expect(program.exitCode == 0 && program.output.contains("\r\u{1B}[Kepoch 1/2 "), "\(program.output)")
      #expect(!program.output.replacingOccurrences(of: "\u{1B}[K", with: "").contains("\u{1B}"))
    }
  }

  @Test func theLogFollowsTheSteps() throws {
    try withTemporaryDirectory { directory in
      let program = try Program.run(
        Self.quick + ["--log-every", "10", "--global-batch", "128", "--out", directory], ranks: 2)
      #expect(program.exitCode == 0, "\(program.errors)")
      let lines = try String(contentsOfFile: "\(directory)/metrics.jsonl", encoding: .utf8)
        .split(separator: "\n").map {
          try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:]
        }
      let steps = lines.filter { $0["event"] == nil }
      // 3,000 images are 24 steps an epoch.
      #expect(steps.map { $0["step"] as? Int } == [10, 20, 24, 30, 40, 48])
      #expect(steps.map { $0["samples"] as? Int } == [1280, 2560, 3000, 3768, 5048, 6000])
      #expect(steps.allSatisfy { ($0["gradient_norm"] as? Double ?? 0) > 0 })
      let times = steps.map { $0["seconds"] as? Double ?? 0 }
      #expect(times == times.sorted() && times[0] > 0)

      // Weighted by their images, the lines of an epoch have its mean.
      let rows = try rows(directory)
      let images = [[1280.0, 1280, 440], [768, 1280, 952]]
      for (epoch, row) in rows.enumerated() {
        for name in ["loss", "accuracy"] {
          let values = steps[3 * epoch..<3 * epoch + 3].map { $0[name] as? Double ?? .nan }
          let mean = zip(values, images[epoch]).reduce(0) { $0 + $1.0 * $1.1 / 3000 }
          #expect(abs(mean - Double(row["train_\(name)"]!)!) < 1e-9)
        }
      }
      let epochs = lines.filter { $0["event"] as? String == "epoch" }
      #expect(epochs.map { $0["step"] as? Int } == [24, 48])
      for (line, row) in zip(epochs, rows) {
        // JSONSerialization rounds the last digit.
        for (name, text) in row {
          let (value, expected) = (line[name] as? Double ?? .nan, Double(text) ?? .nan)
          #expect(abs(value - expected) <= 1e-14 * abs(expected), "\(name): \(value), \(expected)")
        }
      }
    }
  }

  @Test func recordsCanBeLeftOut() throws {
    try withTemporaryDirectory { directory in
      for records in ["all", "csv"] {
        let program = try Program.run(
          Self.quick + ["--records", records, "--overwrite", "--out", directory])
        #expect(program.exitCode == 0, "\(program.errors)")
      }
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: directory).sorted() == [
          "checkpoints", "metrics.csv", "model.safetensors", "run.json",
        ])
    }
  }

  @Test func aRecordThatCannotBeWrittenDoesNotEndTheRun() throws {
    try withTemporaryDirectory { directory in
      try FileManager.default.createDirectory(
        atPath: "\(directory)/metrics.jsonl", withIntermediateDirectories: false)
      let program = try Program.run(Self.quick + ["--quiet", "--out", directory])
      #expect(program.exitCode == 0, "\(program.errors)")
      let lines = program.output.split(separator: "\n").filter { $0.contains("metrics.jsonl") }
      #expect(lines.count == 1 && lines[0].hasPrefix("warning: ") && lines[0].contains("goes on without"))
      #expect(try record(directory)["status"] as? String == "completed")
    }
  }

  @Test(arguments: [nil, 2])
  func quietPrintsWarningsAlone(ranks: Int?) throws {
    try withTemporaryDirectory { directory in
      let program = try Program.run(
        Self.quick + ["--threads", "1", "--quiet", "--out", directory], ranks: ranks)
      #expect(program.exitCode == 0 && program.errorLines.isEmpty, "\(program.errors)")
      let lines = program.output.split(separator: "\n")
      #expect(lines.allSatisfy { $0.hasPrefix("warning: ") }, "\(lines)")
      #expect(try rows(directory).count == 2)
    }
  }

  @Test func verboseShowsWhereTheTimeGoes() throws {
    try withTemporaryDirectory { directory in
      let program = try Program.run(Self.quick + ["-v", "--out", directory], ranks: 2)
      #expect(program.exitCode == 0, "\(program.errors)")
      for rank in 0..<2 {
        let lines = program.output.split(separator: "\n").filter { $0.hasPrefix("  rank \(rank) on ") }
        #expect(lines.count == 2)
        #expect(lines.allSatisfy { $0.contains(": compute ") && $0.contains("communication not hidden") })
      }
    }
  }

  @Test func sameSeedSameWeights() throws {
    try withTemporaryDirectory { directory in
      func hash(_ options: [String], _ number: Int) throws -> String? {
        let out = "\(directory)/\(number)"
        let program = try Program.run(Self.quick + options + ["--out", out], ranks: 2)
        #expect(program.exitCode == 0, "\(program.errors)")
        return try record(out)["weights_sha256"] as? String
      }
      let first = try hash([], 1)
      #expect(try hash([], 2) == first)
      #expect(try hash(["--seed", "2"], 3) != first)
      #expect(try hash(["--threads", "2", "--lr-scaling", "linear"], 4) == first)
    }
  }

  @Test func optionsReachTheRun() throws {
    try withTemporaryDirectory { directory in
      let program = try Program.run(
        Self.quick + [
          "--global-batch=100", "--micro-batch", "10", "--optimizer", "adam", "--lr", "0.001", "--schedule",
          "step",
          "--step-epochs", "1", "--step-factor", "0.5", "--model", "lenet5", "--weight-decay", "0.0001",
          "--out",
          directory,
        ], ranks: 2)
      #expect(program.exitCode == 0, "\(program.errors)")
      let record = try record(directory)
      #expect(record["global_batch"] as? Int == 100 && record["micro_batch"] as? Int == 10)
      #expect(record["model"] as? String == "lenet5" && record["model_parameters"] as? Int == 61_706)
      #expect(record["peak_learning_rate"] as? Double == 0.001)
      #expect(try rows(directory).map { $0["learning_rate"] } == ["0.001", "0.0005"])
      #expect(program.output.contains("Adam, weight decay 0.0001"))
      #expect(program.output.contains("100 over 2 ranks, in micro-batches of 10"))
    }
  }

  /// The algorithms of convolutions compute the same up to rounding: other weights, almost the same losses.
  @Test func convolutionAlgorithmsAgree() throws {
    try withTemporaryDirectory { directory in
      func run(_ method: String) throws -> (hash: String, loss: Double) {
        let out = "\(directory)/\(method)"
        let program = try Program.run(Self.quick + ["--conv", method, "--epochs", "1", "--out", out])
        #expect(program.exitCode == 0, "\(program.errors)")
        let record = try record(out)
        return (record["weights_sha256"] as? String ?? "", record["test_loss"] as? Double ?? .nan)
      }
      let (auto, im2col) = (try run("auto"), try run("im2col"))
      #expect(auto.hash != im2col.hash)
      #expect(abs(auto.loss - im2col.loss) <= 0.01 * im2col.loss, "\(auto.loss), \(im2col.loss)")
    }
  }

  @Test func aNewRunDirectoryIsMadeWhereNoneIsGiven() throws {
    try withTemporaryDirectory { directory in
      for _ in 0..<2 {
        let program = try Program.run(
          ["--train-samples", "64", "--test-samples", "10", "--epochs", "1"], in: directory)
        #expect(program.exitCode == 0, "\(program.errors)")
      }
      let runs = try FileManager.default.contentsOfDirectory(atPath: "\(directory)/runs")
      #expect(runs.count == 2 && runs.allSatisfy { $0.hasPrefix("20") })
    }
  }

  @Test(.enabled(if: hasMNIST, Comment(rawValue: mnistHint)))
  func learnsRealMNIST() throws {
    try withTemporaryDirectory { directory in
      let program = try Program.run(
        ["--data", mnistDirectory, "--train-samples", "20000", "--epochs", "1", "--out", directory], ranks: 2)
      #expect(program.exitCode == 0, "\(program.errors)")
      #expect(try record(directory)["test_accuracy"] as? Double ?? 0 > 0.95)
    }
  }

  /// Trained on synthetic digits alone, it reads real ones.
  @Test(.enabled(if: hasMNIST, Comment(rawValue: mnistHint)))
  func syntheticDigitsTeachRealOnes() throws {
    try withTemporaryDirectory { directory in
      let program = try Program.run(
        ["--test-data", mnistDirectory, "--train-samples", "30000", "--epochs", "2", "--out", directory],
        ranks: 2)
      #expect(program.exitCode == 0, "\(program.errors)")
      #expect(try record(directory)["test_accuracy"] as? Double ?? 0 > 0.93)
    }
  }
}
