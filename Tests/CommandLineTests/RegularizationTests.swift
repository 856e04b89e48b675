import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct RegularizationTests {
  private static let quick = [
    "--train-samples", "1000", "--test-samples", "200", "--threads", "1", "--model", "lenet5",
  ]

  private struct Run {
    let output: String
    let record: [String: Any]
    /// A header and a row an epoch.
    let metrics: [[String]]

    var weights: String? { record["weights_sha256"] as? String }
  }

  private func run(_ options: [String], ranks: Int? = nil) throws -> Run {
    try withTemporaryDirectory { directory in
      let program = try Program.run(Self.quick + options + ["--out", directory], ranks: ranks)
      #expect(program.exitCode == 0, "\(program.errors)")
      let json = try Data(contentsOf: URL(fileURLWithPath: "\(directory)/run.json"))
      let csv = try String(contentsOfFile: "\(directory)/metrics.csv", encoding: .utf8)
      return Run(
        output: program.output,
        record: try JSONSerialization.jsonObject(with: json) as? [String: Any] ?? [:],
        metrics: csv.split(separator: "\n").map { $0.split(separator: ",").map(String.init) })
    }
  }

  /// Batches that are accumulated are one large batch.
  @Test func accumulatedBatchesAreOneLargeBatch() throws {
    let common = ["--epochs", "1", "--micro-batch", "16", "--lr-scaling", "none"]
    let large = try run(common + ["--batch-size", "64"], ranks: 2)
    let accumulated = try run(common + ["--batch-size", "32", "--accumulate", "2"], ranks: 2)
    let small = try run(common + ["--batch-size", "32"], ranks: 2)
    let fixed = try run(common + ["--global-batch", "64", "--accumulate", "2"], ranks: 2)
    #expect(accumulated.weights == large.weights && fixed.weights == large.weights)
    #expect(small.weights != large.weights)
    #expect(accumulated.record["global_batch"] as? Int == 128)
    #expect(
      accumulated.output.contains("128 = 2 ranks x 32 x 2 accumulated, in micro-batches of 16"),
      "\(accumulated.output)")
    #expect(fixed.output.contains("128 = 64 x 2 accumulated over 2 ranks, in micro-batches of 16"))
  }

  @Test func theLearningRateGrowsWithAccumulatedBatches() throws {
    let scaled = try run(["--epochs", "1", "--batch-size", "10", "--accumulate", "3"], ranks: 2)
    #expect(abs((scaled.record["peak_learning_rate"] as? Double ?? 0) - 0.06) < 1e-12)
    #expect(scaled.record["micro_batch"] as? Int == 10)
    #expect(scaled.output.contains("0.01 x 2 ranks x 3 accumulated -> 0.06"), "\(scaled.output)")
    let fixed = try run(["--epochs", "1", "--global-batch", "20", "--accumulate", "3"], ranks: 2)
    #expect(fixed.record["peak_learning_rate"] as? Double == 0.01)
  }

  @Test func heldOutImagesAreEvaluatedEachEpoch() throws {
    let split = try run(["--epochs", "2", "--validation-split", "0.1"], ranks: 2)
    #expect(split.output.contains("synthetic digits: 900 to train, 100 to validate, 200 to test"))
    #expect(split.record["train_samples"] as? Int == 900 && split.record["validation_samples"] as? Int == 100)
    #expect(split.metrics[0].suffix(2) == ["validation_loss", "validation_accuracy"])
    let accuracy = split.record["validation_accuracy"] as? Double ?? .nan
    #expect(split.metrics.count == 3 && split.metrics.allSatisfy { $0.count == 10 })
    #expect(
      Double(split.metrics[2][9]) == accuracy && abs(100 * accuracy - (100 * accuracy).rounded()) < 1e-9)
    #expect(split.output.contains("validation accuracy "))
    #expect(split.record["best_epoch"] == nil && split.record["stopped_early"] == nil)
    let whole = try run(["--epochs", "1"])
    #expect(whole.metrics[0].count == 8 && whole.record["validation_accuracy"] == nil)
    #expect(!whole.output.contains("validat"))
  }

  /// With such a learning rate nothing gets better after the first epoch, whose weights must come back: those
  /// of a run that ends there.
  @Test(arguments: [nil, 2])
  func theBestEpochIsTakenBack(ranks: Int?) throws {
    let common = [
      "--lr", "1e-9", "--schedule", "constant", "--lr-scaling", "none", "--validation-split", "0.2",
    ]
    let stopped = try run(common + ["--epochs", "9", "--early-stopping", "2"], ranks: ranks)
    #expect(stopped.record["status"] as? String == "completed")
    #expect(stopped.record["stopped_early"] as? Bool == true && stopped.record["best_epoch"] as? Int == 1)
    #expect(stopped.record["epochs_completed"] as? Int == 3 && stopped.metrics.count == 4)
    #expect(stopped.output.contains("; stopped early: no better one for 2 epochs"), "\(stopped.output)")
    let first = try run(common + ["--epochs", "1"], ranks: ranks)
    let all = try run(common + ["--epochs", "3"], ranks: ranks)
    #expect(stopped.weights == first.weights && stopped.weights != all.weights)
    for key in ["test_loss", "test_accuracy", "validation_loss", "validation_accuracy", "train_loss"] {
      #expect(stopped.record[key] as? Double == first.record[key] as? Double, "\(key)")
    }
  }

  @Test func withoutAValidationSplitTheTestAccuracyDecides() throws {
    let all = try run(["--epochs", "2", "--early-stopping", "5", "--lr", "0.02"])
    #expect(all.record["stopped_early"] as? Bool == false && all.record["epochs_completed"] as? Int == 2)
    let accuracies = all.metrics.dropFirst().compactMap { Double($0[4]) }
    #expect(all.record["test_accuracy"] as? Double == accuracies.max())
    #expect(all.output.contains("warning: early stopping without images held out for validation"))
    #expect(all.output.contains("after 5 epochs without a better test accuracy"))
  }

  /// Each option changes the weights, is in the table of settings, and reaches the record.
  @Test(arguments: [
    (["--augment", "digits"], "augmentation digits"),
    (["--augment", "photos"], "augmentation photos"),
    (["--label-smoothing", "0.1"], "label smoothing 0.1"),
    (["--clip-norm", "0.05"], "clipped to a norm of 0.05"),
    (["--ema", "0.99"], "the weights' moving average, decay 0.99"),
  ])
  func optionsReachTheTraining(_ options: [String], _ line: String) throws {
    let epoch = ["--epochs", "1"]
    let (plain, other) = (try run(epoch), try run(epoch + options))
    #expect(other.weights != plain.weights)
    func words(_ run: Run) -> String {
      run.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
    #expect(words(other).contains(line) && !words(plain).contains(line), "\(other.output)")
    #expect(try run(epoch + options).weights == other.weights)
  }
}
