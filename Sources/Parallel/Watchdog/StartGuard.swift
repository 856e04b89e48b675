import Foundation
import Glibc
import MPI
import Synchronization
import System

/// Ends this process where ranks wait for each other in vain before a `Watchdog` watches: those of different
/// programs may expect different messages.
package final class StartGuard: Sendable {
  private let isDone = Atomic<Bool>(false)

  /// Begins to wait for `done`.
  ///
  /// - Throws: where there can be no further thread.
  package init(seconds: Int = 120) throws(SystemError) {
    try NamedThread.start("start guard") {
      pause(seconds)
      guard !self.isDone.load(ordering: .relaxed) else { return }
      Self.say(
        "the ranks did not find together within \(seconds) s; `cnn-mpi doctor` tells whether all run the same "
          + "program and reach each other")
      do { try endLauncher(after: 6) } catch { Self.say("the launcher may stay: \(error)") }
      _exit(1)
    }
  }

  private static func say(_ text: String) {
    let rank = Launcher.intendedRank().map { "\($0)" } ?? "?"
    printError("[rank \(rank) \(ProcessInfo.processInfo.hostName)] \(text)")
  }

  /// Tells that the ranks have found together.
  package func done() { isDone.store(true, ordering: .relaxed) }
}
