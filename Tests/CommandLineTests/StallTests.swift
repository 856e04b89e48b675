import Foundation
import Hashing
import Parallel
import System
import TestSupport
import Testing

/// What goes wrong in the middle of a run ends it, with an exit code, and leaves what can be gone on from.
@Suite(.serialized) struct StallTests {
  private static let options = [
    "--train-samples", "4000", "--test-samples", "200", "--epochs", "1000", "--threads", "1", "--records",
    "csv",
  ]

  /// Starts a run and returns when it has written a checkpoint.
  private func start(_ out: RunFiles, _ options: [String]) throws -> RunningProgram {
    let running = try Program.start(Self.options + options + ["--out", out.directory], ranks: 3)
    let start = ContinuousClock.now
    while running.isRunning && !out.checkpoints.contains(where: { $0.hasSuffix(".json") }) {
      try #require(ContinuousClock.now - start < .seconds(60))
      usleep(10_000)
    }
    return running
  }

  @Test(arguments: [0, 2]) func stoppedRankEndsTheJob(rank: Int) throws {
    try withTemporaryDirectory { directory in
      let files = RunFiles(directory: "\(directory)/run")
      let running = try start(files, ["--stall-warning", "3", "--stall-abort", "5"])
      let ids = running.rankIDs
      try #require(ids.count == 3)
      let stopTime = ContinuousClock.now
      kill(ids[rank], SIGSTOP)
      let program = running.wait()
      // Limit, and what the ranks, MPI and its launcher have to end.
      #expect(ContinuousClock.now - stopTime < .seconds(5 + 5 + 15))
      #expect(program.exitCode != 0)
      while ids.contains(where: { kill($0, 0) == 0 }) && ContinuousClock.now - stopTime < .seconds(30) {
        usleep(1000)
      }
      #expect(ids.allSatisfy { kill($0, 0) != 0 }, "ranks still run")
      let lines = program.errorLines.joined(separator: "\n")
      #expect(lines.contains("warning: no"), "\(program.errors)")
      #expect(lines.contains("no word from rank \(rank) on "), "\(program.errors)")
      #expect(lines.contains("which is the limit"), "\(program.errors)")
      let resumed = try Program.run(
        ["--resume", files.directory, "--epochs", "\(try epochsDone(files) + 1)", "--quiet"], ranks: 3)
      #expect(resumed.exitCode == 0, "\(resumed.errors)")
    }
  }

  /// The number in the newest checkpoint's name.
  private func epochsDone(_ files: RunFiles) throws -> Int {
    let newest = try #require(files.checkpoints.last { $0.hasSuffix(".json") })
    return try #require(Int(newest.dropLast(5).split(separator: "-").last ?? ""))
  }

  /// As when a batch system suspends a job for a while.
  @Test func suspendedJobGoesOn() throws {
    try withTemporaryDirectory { directory in
      let files = RunFiles(directory: "\(directory)/run")
      let running = try start(files, ["--stall-warning", "3", "--stall-abort", "4"])
      let ids = running.rankIDs
      for id in ids { kill(id, SIGSTOP) }
      sleep(7)
      let before = files.checkpoints
      for id in ids { kill(id, SIGCONT) }
      sleep(2)
      #expect(running.isRunning)
      #expect(files.checkpoints != before)
      for id in ids { kill(id, SIGTERM) }
      #expect(running.wait().exitCode == 75)
    }
  }

  /// Whoever can send to the ranks' ports, but does not know the job's secret, neither ends nor hinders it.
  @Test func forgedDatagramsHaveNoEffect() throws {
    try withTemporaryDirectory { directory in
      let running = try start(
        RunFiles(directory: "\(directory)/run"), ["--stall-warning", "10", "--stall-abort", "20"])
      let ports = running.rankIDs.flatMap(Self.datagramPorts)
      #expect(ports.count == 3, "\(ports)")
      let forger = try #require(UDPSocket())
      let key = MessageKey.random()
      for sequence in UInt64.max - 500 ... .max {
        for port in ports {
          for (rank, kind) in [(0, Heartbeat.Kind.end), (1, .end), (2, .end), (1, .beat), (2, .answer)] {
            let bytes = Heartbeat(kind, rank: rank, sequence: sequence).bytes(key)
            let address = UDPSocket.Address(host: 0x0100_007F, port: port)
            forger.send(bytes, to: address)
            forger.send(Array(bytes.prefix(Int(sequence % 60))), to: address)
          }
        }
        usleep(1000)
      }
      // A rank that is told to end does so after 6 seconds.
      sleep(8)
      #expect(running.isRunning)
      #expect(forger.receive(within: 0, atMost: 1) == nil, "the forger is answered")
      for id in running.rankIDs { kill(id, SIGTERM) }
      let program = running.wait()
      #expect(program.exitCode == 75)
      #expect(!program.errors.contains("no word from") && !program.errors.contains("warning: no rank"))
    }
  }

  /// The ports at which a process receives datagrams over IPv4.
  private static func datagramPorts(of process: pid_t) -> [UInt16] {
    let directory = "/proc/\(process)/fd"
    let files = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    let links = Set(
      files.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "\(directory)/\($0)") })
    // Local address and inode are fields 1 and 9 (proc(5)).
    let table = (try? String(contentsOfFile: "/proc/\(process)/net/udp", encoding: .utf8)) ?? ""
    return table.split(separator: "\n").dropFirst().compactMap { line in
      let fields = line.split(separator: " ")
      guard fields.count > 9, links.contains("socket:[\(fields[9])]") else { return nil }
      return UInt16(fields[1].suffix(4), radix: 16)
    }
  }

  /// Ranks of another build may mean other things by the same message.
  @Test func anotherBinaryEndsTheRun() throws {
    try withTemporaryDirectory { directory in
      let other = try Program.anotherBinary(in: directory)
      let options = Self.options + ["--out", "\(directory)/run"]
      let together = ["mpirun", "-np", "2", Program.path] + options + [":", "-np", "1", other] + options
      let program = try RunningProgram(together, seconds: 60).wait()
      #expect(program.exitCode == 1)
      #expect(
        program.errorLines.contains {
          $0.contains("rank 2 on ") && $0.contains("runs another binary of cnn-mpi than rank 0")
        }, "\(program.errors)")
      #expect(!FileManager.default.fileExists(atPath: "\(directory)/run"))
    }
  }

  @Test func failedCheckpointEndsTheRun() throws {
    try withTemporaryDirectory { directory in
      let files = RunFiles(directory: "\(directory)/run")
      let running = try start(files, [])
      // A file where the directory was: nothing can be written into it any more.
      try FileManager.default.moveItem(
        atPath: "\(files.directory)/checkpoints", toPath: "\(directory)/moved")
      try Data().write(to: URL(fileURLWithPath: "\(files.directory)/checkpoints"))
      let program = running.wait()
      #expect(program.exitCode == 1)
      #expect(
        program.errorLines.contains {
          $0.contains("no checkpoint after step ") && $0.contains("/checkpoints: ")
            && $0.contains("can be resumed")
        }, "\(program.errors)")
    }
  }
}
