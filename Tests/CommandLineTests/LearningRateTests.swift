import Foundation
import TestSupport
import Testing

/// `lr-find`.
@Suite struct LearningRateTests {
  private let search = [
    "lr-find", "--train-samples", "500", "--model", "mnist-small", "--micro-batch", "16", "--threads", "1",
    "--steps", "40", "--min-lr", "1e-5", "--max-lr", "1",
  ]

  private func rows(_ path: String) throws -> [[Double]] {
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    #expect(lines.first == "step,lr,learning_rate,loss,smoothed_loss")
    return lines.dropFirst().map { $0.split(separator: ",").compactMap { Double($0) } }
  }

  /// The last column of the line that begins with `name`, without `--lr`.
  private func suggestion(_ name: String, _ output: String) -> Double? {
    let line = output.split(separator: "\n").first { $0.hasPrefix("  \(name)  ") }
    return line?.firstMatch(of: /--lr ([\d.e-]+)/).flatMap { Double($0.output.1) }
  }

  @Test(.enabled(if: hasGnuplot, Comment(rawValue: gnuplotHint)))
  func itSuggestsRatesAndLeavesThreeFiles() throws {
    try withTemporaryDirectory { directory in
      let program = try Program.run(search + ["--out", "found/"], in: directory)
      #expect(program.exitCode == 0 && program.errors.isEmpty, "\(program.errors)")
      let names = ["lr_find.csv", "lr_find.png", "lr_find.svg"]
      #expect(RunFiles(directory: directory).allFiles.sorted() == ["found"] + names.map { "found/\($0)" })
      #expect(
        program.output.hasSuffix("\n  files  \(names.map { "found/\($0)" }.joined(separator: ", "))\n"))
      let rows = try rows("\(directory)/found/lr_find.csv")
      #expect(rows.first?[1] == 1e-5 && rows.allSatisfy { $0.count == 5 && $0[1] == $0[2] })
      // The loss falls before it rises: both rates are in between.
      for name in ["steepest descent", "minimum / 10"] {
        let rate = try #require(suggestion(name, program.output), "\(program.output)")
        #expect(rate > 1e-5 && rate < 0.3, "\(name): \(rate)")
      }
      #expect(program.output.contains("learning rate  1e-05 to 1 in 40 steps"))
    }
  }

  /// With a global batch that does not grow, to the bit.
  @Test func ranksMakeNoDifference() throws {
    try withTemporaryDirectory { directory in
      for (ranks, out) in [(nil, "one"), (2, "two"), (4, "four")] as [(Int?, String)] {
        let program = try Program.run(
          search + ["--global-batch", "64", "--reproducible", "--out", out], ranks: ranks, in: directory)
        #expect(program.exitCode == 0, "\(program.errors)")
        let texts = try [out, "one"].map {
          try String(contentsOfFile: "\(directory)/\($0)/lr_find.csv", encoding: .utf8)
        }
        #expect(texts[0] == texts[1], "\(out)")
      }
    }
  }

  /// A batch a rank: the rate of a step is that of one rank times the ranks, as in training, and what is suggested is
  /// that of one rank.
  @Test func ratesAreThoseOfOneRank() throws {
    try withTemporaryDirectory { directory in
      let program = try Program.run(search + ["--batch-size", "32"], ranks: 2, in: directory)
      #expect(program.exitCode == 0, "\(program.errors)")
      let rows = try rows("\(directory)/lr_find.csv")
      #expect(rows.first?[1] == 1e-5 && rows.allSatisfy { $0[2] == 2 * $0[1] })
      #expect(program.output.contains("1e-05 to 1 in 40 steps, x 2 in training on 2 ranks"))
      #expect(program.output.contains("in training on 2 ranks\n"))
    }
  }

  /// Training at the first rate makes the first step of a search, from the same weights: the losses of two epochs of
  /// one step are those of two steps.
  @Test func stepsAreThoseOfTraining() throws {
    try withTemporaryDirectory { directory in
      let options = ["--batch-size", "500", "--train-samples", "500", "--threads", "1"]
      let found = try Program.run(
        ["lr-find", "--min-lr", "0.01", "--max-lr", "1", "--steps", "20"] + options, ranks: 2, in: directory)
      let trained = try Program.run(
        [
          "--epochs", "2", "--lr", "0.01", "--warmup-epochs", "0", "--schedule", "constant", "--test-samples",
          "10",
          "--out", "run",
        ] + options, ranks: 2, in: directory)
      #expect(found.exitCode == 0 && trained.exitCode == 0, "\(found.errors)\(trained.errors)")
      let losses = try RunFiles(directory: "\(directory)/run").rows().map {
        $0["train_loss"].flatMap { Double($0) }
      }
      #expect(try rows("\(directory)/lr_find.csv").prefix(2).map { $0[3] } == losses)
    }
  }

  @Test func aLossThatGetsOutOfHandEndsIt() throws {
    try withTemporaryDirectory { directory in
      let program = try Program.run(search + ["--max-lr", "1e6", "--momentum", "0"], in: directory)
      #expect(program.exitCode == 0, "\(program.errors)")
      #expect(program.output.contains(#/ended\s+after \d+ steps, as the loss got /#), "\(program.output)")
      #expect(try rows("\(directory)/lr_find.csv").count < 40)
    }
  }

  @Test func optionsOfTrainingAreExplainedAlike() throws {
    let idle = try Program.run(search + ["--optimizer", "adam", "--nesterov", "off"])
    #expect(idle.exitCode == 0 && idle.output.contains("--nesterov has no effect with --optimizer adam"))
    let head = try Program.run(search + ["--replace-head"])
    #expect(
      head.exitCode == 2 && head.errors.contains("--replace-head: expected --weights"), "\(head.errors)")
  }
}
