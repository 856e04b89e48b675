import Foundation
import TestSupport
import Testing

/// What runs leave behind that a signal stops.
@Suite(.serialized) struct InterruptTests {
  /// Stopped in the middle of an epoch, in the second epoch, on any rank, by either signal.
  @Test(arguments: [(1, 0, SIGTERM, 5), (2, 1, SIGUSR1, 5), (2, 0, SIGTERM, 26)])
  func signalledRunsGoOnBitwise(_ ranks: Int, rank: Int, signal: Int32, step: Int) throws {
    try withTemporaryDirectory { directory in
      let (whole, cut) = (RunFiles(directory: "\(directory)/a"), RunFiles(directory: "\(directory)/b"))
      try SmallRun.run(SmallRun.options, ranks: ranks, out: whole.directory)
      let program = try SmallRun.interrupt(
        SmallRun.options + ["--save-every", "\(step)steps"], ranks: ranks, out: cut.directory, signal: signal,
        rank: rank)
      #expect(program.exitCode == 75, "\(program.errors)")
      #expect(program.errors.contains("stopped by a signal after step "))
      let stopped = try cut.record()
      #expect(stopped["status"] as? String == "checkpointed" && stopped["weights_sha256"] == nil)
      try SmallRun.run(SmallRun.options + ["--resume", "auto"], ranks: ranks, out: cut.directory)
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
        SmallRun.options + ["--save-every", "5steps", "--out", directory], ranks: nil)
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
}
