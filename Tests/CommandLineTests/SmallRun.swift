import Foundation
import Testing

/// A run of seconds that has all kinds of state.
enum SmallRun {
  /// 24 steps an epoch, the last short; momentum, dropout and batch normalisation.
  static let options = [
    "--train-samples", "1500", "--test-samples", "200", "--epochs", "2", "--threads", "1", "--model",
    "mnist-bn", "--batch-size", "32", "--lr", "0.002",
  ]

  /// Runs to the end, or as far as `expected` says.
  @discardableResult
  static func run(
    _ arguments: [String], ranks: Int, out: String, exitCode expected: Int32 = 0,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Program {
    let program = try Program.run(arguments + ["--out", out], ranks: ranks)
    #expect(program.exitCode == expected, "\(program.errors)", sourceLocation: sourceLocation)
    return program
  }

  /// Starts a run and sends a signal to one rank, unless told otherwise once there is a checkpoint.
  static func interrupt(
    _ arguments: [String], ranks: Int, out: String, signal: Int32, rank: Int,
    after isTime: ([String]) -> Bool = { $0.count >= 2 }
  ) throws -> Program {
    let running = try Program.start(arguments + ["--out", out], ranks: ranks)
    while running.isRunning && !isTime(RunFiles(directory: out).checkpoints) { usleep(1000) }
    let ids = running.rankIDs
    if rank < ids.count { kill(ids[rank], signal) }
    return running.wait()
  }
}
