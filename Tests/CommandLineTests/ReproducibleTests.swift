import Foundation
import TestSupport
import Testing

/// `--reproducible`: weights and metrics have the same bits on any number of ranks and threads.
@Suite(.serialized) struct ReproducibleTests {
  private static let options = [
    "--reproducible", "--global-batch", "128", "--train-samples", "1000", "--test-samples", "300", "--epochs",
    "2", "--augment", "digits",
  ]

  /// Of `model`, which has batch normalisation and dropout.
  private func run(_ model: String, _ ranks: Int, threads: Int, _ out: String, _ more: [String] = []) throws
    -> RunFiles
  {
    let program = try Program.run(
      Self.options + more + ["--model", model, "--threads", "\(threads)", "--out", out], ranks: ranks)
    #expect(program.exitCode == 0, "\(program.errors)")
    return RunFiles(directory: out)
  }

  @Test func ranksAndThreadsLeaveNoTrace() throws {
    try withTemporaryDirectory { directory in
      let alone = try run(branchingModel, 1, threads: 1, "\(directory)/1-1")
      for (ranks, threads) in [(1, 2), (2, 1), (2, 2), (3, 1), (4, 1), (4, 2), (8, 1), (8, 2)] {
        let other = try run(branchingModel, ranks, threads: threads, "\(directory)/\(ranks)-\(threads)")
        #expect(try other.hash() == alone.hash(), "\(ranks) ranks x \(threads) threads")
        #expect(try other.results() == alone.results(), "\(ranks) ranks x \(threads) threads")
      }
    }
  }

  /// Stopped on one number of ranks, gone on with another, in the middle of an epoch; with an update rule that sums
  /// over tensors.
  @Test func neitherDoesResumingOnOthers() throws {
    try withTemporaryDirectory { directory in
      let rule = ["--optimizer", "lamb", "--lr", "0.005", "--weight-decay", "0.01"]
      let alone = try run("mnist-bn", 1, threads: 1, "\(directory)/alone", rule)
      let out = "\(directory)/moved"
      let running = try Program.start(
        Self.options + rule + [
          "--model", "mnist-bn", "--save-every", "3steps", "--threads", "1", "--out", out,
        ],
        ranks: 4)
      while running.isRunning && RunFiles(directory: out).checkpoints.count < 2 { usleep(1000) }
      if let rank = running.rankIDs.last { kill(rank, SIGTERM) }
      #expect(running.wait().exitCode == 75)
      let moved = try run("mnist-bn", 2, threads: 2, out, ["--resume", "auto"])
      #expect(try moved.hash() == alone.hash() && moved.results() == alone.results())
      #expect((try moved.record()["resumed_after_step"] as? Int ?? 0) >= 3)
    }
  }
}
