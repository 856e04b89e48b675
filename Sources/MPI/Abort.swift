import CMPI
import Glibc

extension Communicator {
  /// Ends all ranks at once, for what they cannot agree on any more: a rank that just left would hang the
  /// others.
  ///
  /// Prints one line `[rank r/P host] message` to standard error.
  ///
  /// Corresponds to `MPI_Abort`.
  package func abort(_ message: String, exitCode: Int32 = 1) -> Never {
    let line = "[rank \(rank)/\(size) \(MPIRuntime.hostName)] \(message)\n"
    _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
    MPI_Abort(handle, exitCode)
    _exit(exitCode)
  }
}
