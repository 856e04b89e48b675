import CMPI
import Glibc
import System

extension Communicator {
  /// Ends all ranks at once, for what they cannot agree on any more: a rank that just left would hang the
  /// others.
  ///
  /// Prints one line `[rank r/P host] message` to standard error.
  ///
  /// Corresponds to `MPI_Abort`.
  package func abort(_ message: String, exitCode: Int32 = 1) -> Never {
    say(message)
    abort(exitCode: exitCode)
  }

  /// Ends all ranks without a word.
  package func abort(exitCode: Int32 = 1) -> Never {
    if MPIRuntime.isRunning { MPI_Abort(handle, exitCode) }
    _exit(exitCode)
  }

  /// Prints one line `[rank r/P host] message` to standard error, in one piece.
  package func say(_ message: String) {
    printError("[rank \(rank)/\(size) \(host)] \(message)")
  }
}
