import Foundation
import System
import TestSupport
import Testing

/// A run that is killed at any moment can go on, and ends with the weights of a run that was not.
@Suite(.serialized) struct KillTests {
  /// Of 62 steps, with checkpoints all the time.
  private static let options = [
    "--train-samples", "4000", "--test-samples", "200", "--epochs", "2", "--threads", "1", "--save-every",
    "3steps", "--resume", "auto",
  ]

  /// How often a run is killed, its parts in turn; CNN_MPI_KILLS in the environment sets it.
  private static let kills = ProcessInfo.processInfo.environment["CNN_MPI_KILLS"].flatMap { Int($0) } ?? 3

  @Test func killedRunsGoOnBitwise() throws {
    try withTemporaryDirectory { directory in
      let whole = RunFiles(directory: "\(directory)/whole")
      let start = ContinuousClock.now
      let program = try Program.run(Self.options + ["--out", whole.directory], ranks: 2)
      let duration = ContinuousClock.now - start
      #expect(program.exitCode == 0, "\(program.errors)")
      var killed = 0
      // Moments from all parts of a run, at random for each victim.
      for (kill, part) in (0..<Self.kills).shuffled().enumerated() {
        let out = "\(directory)/\(kill)"
        let moment = duration * ((Double(part) + .random(in: 0..<1)) / Double(Self.kills))
        let victim = Victim.allCases[kill % Victim.allCases.count]
        if try !completes(out, killing: victim, after: moment) { killed += 1 }
        let files = RunFiles(directory: out)
        let what = "\(victim) killed after \(moment) of \(duration)"
        #expect(try files.hash() == whole.hash(), "\(what)")
        #expect(try files.results() == whole.results(), "\(what)")
        #expect(!files.allFiles.contains { $0.hasSuffix(".tmp") }, "\(what): \(files.allFiles)")
        try FileManager.default.removeItem(atPath: out)
      }
      #expect(3 * killed >= Self.kills, "only \(killed) of \(Self.kills) runs were killed in time")
    }
  }

  private enum Victim: CaseIterable { case rank0, rank1, launcher }

  /// Starts a run, kills a part of it, and runs it to its end.
  ///
  /// - Returns: true when the run was faster than the killer.
  private func completes(_ out: String, killing victim: Victim, after moment: Duration) throws -> Bool {
    let running = try Program.start(Self.options + ["--out", out], ranks: 2)
    usleep(UInt32(moment / .microseconds(1)))
    let ids = running.rankIDs
    let target: pid_t? =
      switch victim {
      case .rank0: ids.first
      case .rank1: ids.last
      case .launcher: running.processID
      }
    if let target { kill(target, SIGKILL) }
    let killTime = ContinuousClock.now
    let first = running.wait()
    for id in ids { while kill(id, 0) == 0 && ContinuousClock.now - killTime < .seconds(10) { usleep(1000) } }
    #expect(ids.allSatisfy { kill($0, 0) != 0 }, "ranks still run 10 s after \(victim) was killed")
    guard first.exitCode != 0 else { return true }
    let second = try Program.run(Self.options + ["--out", out], ranks: 2)
    #expect(second.exitCode == 0, "\(second.errors)")
    return false
  }
}
