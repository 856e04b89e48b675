import CMPI
import Foundation
import System

/// Start and end of MPI in this process.
package enum MPIRuntime {
  /// Starts MPI and returns the world of all ranks.
  ///
  /// Calls into MPI must come from the calling thread from here on. Refuses to go on alone where a launcher
  /// meant more ranks, see `Launcher`, and with an MPI that allows no other threads, see
  /// `ThreadSupportError`.
  ///
  /// - Parameter acceptingSingleton: start also alone, to find out what is wrong.
  ///
  /// Corresponds to `MPI_Init_thread` with `MPI_THREAD_FUNNELED` and `MPI_COMM_WORLD`.
  package static func start(acceptingSingleton: Bool = false) throws -> Communicator {
    preferEagerMessages()
    var provided: Int32 = 0
    try check(MPI_Init_thread(nil, nil, Int32(MPI_THREAD_FUNNELED), &provided), "MPI_Init_thread")
    if let error = ThreadSupportError(provided: provided) {
      finish()
      throw error
    }
    let world = try Communicator(handle: cmpi_comm_world(), isOwned: false)
    if !acceptingSingleton, let error = Launcher.singletonError(worldSize: world.size) {
      finish()
      throw error
    }
    return world
  }

  /// Open MPI sends longer messages over TCP only when the receiver has answered, and then in one direction
  /// at a time: sent at once, those of the size of a bucket of gradients take half the time. What the
  /// environment sets, also mpirun's `--mca`, stays; a file of Open MPI's parameters does not.
  private static func preferEagerMessages() {
    for limit in ["btl_tcp_eager_limit", "btl_tcp_rndv_eager_limit"] {
      setenv("OMPI_MCA_\(limit)", "4194304", 0)
    }
  }

  /// A world of this rank alone, for work that the other ranks have no part in.
  ///
  /// Corresponds to `MPI_COMM_SELF`.
  package static func alone() throws(MPIError) -> Communicator {
    try Communicator(handle: cmpi_comm_self(), isOwned: false)
  }

  /// Ends MPI; waits for the other ranks to do the same. A second call does nothing. A failure is told on
  /// standard error: there is nothing left that it could spoil but the other ranks' end.
  ///
  /// Corresponds to `MPI_Finalize`.
  package static func finish() {
    guard isRunning else { return }
    let host = hostName
    let code = MPI_Finalize()
    guard code != cmpi_success() else { return }
    // MPI gives no words for its codes any more.
    printError("[\(host)] warning: MPI_Finalize failed with code \(code): other ranks may wait for this one")
  }

  /// MPI has started and not ended.
  ///
  /// Corresponds to `MPI_Initialized` and `MPI_Finalized`.
  package static var isRunning: Bool {
    var initialized: Int32 = 0
    var finalized: Int32 = 0
    return MPI_Initialized(&initialized) == cmpi_success() && MPI_Finalized(&finalized) == cmpi_success()
      && initialized != 0 && finalized == 0
  }

  /// Name of the host that this rank runs on.
  ///
  /// Corresponds to `MPI_Get_processor_name`.
  package static var hostName: String {
    string(capacity: Int(cmpi_max_processor_name())) { MPI_Get_processor_name($0, $1) }
      ?? ProcessInfo.processInfo.hostName
  }

  /// The MPI library, e.g. `Open MPI v4.1.4`.
  ///
  /// Corresponds to `MPI_Get_library_version`.
  package static var libraryVersion: String {
    let text = string(capacity: Int(cmpi_max_library_version())) { MPI_Get_library_version($0, $1) }
    return text.map { String($0.prefix { $0 != "," && $0 != "\n" }) } ?? "unknown"
  }
}

/// An MPI that allows no thread beside the one that calls it: this program has others, which compute.
package struct ThreadSupportError: Error, Equatable, CustomStringConvertible {
  private let provided: Int32

  /// - Parameter provided: what `MPI_Init_thread` granted; nil where that is enough.
  package init?(provided: Int32) {
    guard provided < Int32(MPI_THREAD_FUNNELED) else { return nil }
    self.provided = provided
  }

  package var description: String {
    "expected an MPI that allows threads beside the one that calls it "
      + "(MPI_THREAD_FUNNELED, \(MPI_THREAD_FUNNELED)), found one that does not (level \(provided)); use an MPI that was built with support for threads"
  }
}
