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
  package init(seconds: Int = 120) {
    Thread {
      pause(seconds)
      guard !self.isDone.load(ordering: .relaxed) else { return }
      let rank = Launcher.intendedRank().map { "\($0)" } ?? "?"
      printError(
        "[rank \(rank) \(ProcessInfo.processInfo.hostName)] the ranks did not find together within \(seconds) s; "
          + "`cnn-mpi doctor` tells whether all run the same program and reach each other")
      endLauncher(after: 6)
      _exit(1)
    }.start()
  }

  /// Tells that the ranks have found together.
  package func done() { isDone.store(true, ordering: .relaxed) }
}
