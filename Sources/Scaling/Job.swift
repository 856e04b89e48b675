import Foundation
import System

/// A launched program, which this process waits for.
enum Job {
  /// After a signal was passed on, a job has so many seconds to end.
  private static let grace = 15.0

  /// Runs a command to its end. What `StopSignal` listens to ends the job too: it is sent SIGTERM, and what is
  /// still there after a while, or at a second SIGINT, is killed.
  ///
  /// The job has a process group of its own, so that a terminal's Ctrl-C does not reach it a second time:
  /// mpirun takes two for the order to leave its ranks alone.
  ///
  /// - Parameters:
  ///   - output: path of the file that standard output goes to; `errors` may be the same.
  /// - Returns: the exit code, 128 + n after signal n.
  static func run(
    _ words: [String], _ environment: [String: String], output: String, errors: String
  ) throws(ScalingError) -> Int32 {
    do {
      let process = try ChildProcess(
        words, environment: environment, output: .appending(to: output), errors: .appending(to: errors),
        group: .new)
      return try exitCode(of: process)
    } catch {
      let hint =
        error.code == ENOENT ? "; on a cluster a module may bring it, as by `module load openmpi`" : ""
      throw ScalingError(description: "\(error)\(hint)")
    }
  }

  private static func exitCode(of process: ChildProcess) throws(SystemError) -> Int32 {
    var signalled: ContinuousClock.Instant?
    while true {
      if let code = try process.wait(atMost: 0.02) { return code }
      if StopSignal.received != nil, signalled == nil {
        process.send(SIGTERM)
        signalled = .now
      }
      let isOverdue = signalled.map { ContinuousClock.now - $0 > .seconds(grace) } ?? false
      if isOverdue || StopSignal.isUrgent { process.send(SIGKILL, wholeGroup: true) }
    }
  }
}
