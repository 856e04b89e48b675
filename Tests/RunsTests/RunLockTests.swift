import Files
import Foundation
import Reporting
import Runs
import System
import TestSupport
import Testing

@Suite struct RunLockTests {
  private func identity(_ text: String) throws -> ProcessIdentity {
    try decodeJSON(
      ProcessIdentity.self, from: Array(text.utf8), path: "lock", as: "a process", keys: .convertFromSnakeCase
    )
  }

  /// A process of another host, where nobody here can look, in a job or not.
  private func holder(job: String?, restarts: Int = 0) throws -> RunLock.Holder {
    let other = #"{"host": "elsewhere", "process": 7, "start": "1", "boot": "b", "namespace": "n"}"#
    return RunLock.Holder(
      process: try identity(other), job: job, restarts: restarts)
  }

  private func isTaken(_ directory: RunDirectory, by own: RunLock.Holder) -> Bool {
    do {
      _ = try RunLock(in: directory, own)
      return false
    } catch {
      return error is RunLock.Taken
    }
  }

  @Test func oneHasItUntilItIsReleased() throws {
    try withTemporaryDirectory { path in
      let directory = try RunDirectory(path)
      var lock: RunLock? = try RunLock(in: directory)
      #expect(isTaken(directory, by: .own()))
      lock = nil
      #expect(lock == nil && !isTaken(directory, by: .own()))
      #expect(try FileManager.default.contentsOfDirectory(atPath: path).isEmpty)
    }
  }

  /// A process that ended is not there, nor is one that got its number later.
  @Test func processesAreToldApart() throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sleep")
    process.arguments = ["60"]
    try process.run()
    let identity = ProcessIdentity(of: process.processIdentifier)
    #expect(identity.state == .alive && ProcessIdentity.own.state == .alive)
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    #expect(identity.state == .dead)
    let reused = try prettyJSON(ProcessIdentity.own)
    let text = String(decoding: reused, as: UTF8.self)
      .replacingOccurrences(of: ProcessIdentity.own.start, with: "12")
    #expect(try self.identity(text).state == .dead)
  }

  /// Another host's lock counts while it is fresh, unless it is of an earlier start of the same job.
  @Test func otherHostsAreBelieved() throws {
    try withTemporaryDirectory { path in
      let directory = try RunDirectory(path)
      let lock = try RunLock(in: directory, holder(job: "42"))
      #expect(isTaken(directory, by: .own([:])))
      #expect(isTaken(directory, by: .own(["SLURM_JOB_ID": "42"])), "another step of the same start")
      #expect(isTaken(directory, by: .own(["SLURM_JOB_ID": "43", "SLURM_RESTART_COUNT": "1"])))
      #expect(!isTaken(directory, by: .own(["SLURM_JOB_ID": "42", "SLURM_RESTART_COUNT": "1"])))
      withExtendedLifetime(lock) {}
    }
  }

  /// A lock that was not refreshed for eleven minutes was left behind.
  @Test func oldLocksAreTakenOver() throws {
    try withTemporaryDirectory { path in
      let directory = try RunDirectory(path)
      let lock = try RunLock(in: directory, holder(job: nil))
      let old = Date(timeIntervalSinceNow: -660)
      try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: "\(path)/run.lock")
      let mine = try RunLock(in: directory)
      #expect(isTaken(directory, by: .own()))
      withExtendedLifetime((lock, mine)) {}
    }
  }

  /// Of many who find a dead run's lock one gets it.
  @Test func oneOfManyTakesOver() throws {
    try withTemporaryDirectory { path in
      let directory = try RunDirectory(path)
      let lock = try RunLock(in: directory, holder(job: "42"))
      let own = RunLock.Holder.own(["SLURM_JOB_ID": "42", "SLURM_RESTART_COUNT": "1"])
      var taken: [RunLock] = []
      for _ in 0..<5 { if let lock = try? RunLock(in: directory, own) { taken.append(lock) } }
      #expect(taken.count == 1)
      withExtendedLifetime(lock) {}
    }
  }
}
