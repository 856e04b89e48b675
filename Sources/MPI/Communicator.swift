import CMPI

/// A group of ranks that talk to each other.
///
/// Every call must be made by the thread that started MPI (`MPI_THREAD_FUNNELED`), and a collective one by
/// all ranks in the same order.
package struct Communicator: ~Copyable {
  let handle: MPI_Comm
  private let isOwned: Bool

  /// This process's number, in 0..<size.
  package let rank: Int
  /// Number of ranks.
  package let size: Int
  /// Host of this process.
  package let host = MPIRuntime.hostName

  /// MPI counts are C `int`: longer buffers are sent in pieces of at most this many elements.
  package var maximumCount = Int(Int32.max)

  init(handle: MPI_Comm, isOwned: Bool) throws(MPIError) {
    try check(MPI_Comm_set_errhandler(handle, cmpi_errors_return()), "MPI_Comm_set_errhandler")
    var rank: Int32 = 0
    var size: Int32 = 0
    try check(MPI_Comm_rank(handle, &rank), "MPI_Comm_rank")
    try check(MPI_Comm_size(handle, &size), "MPI_Comm_size")
    self.handle = handle
    self.isOwned = isOwned
    self.rank = Int(rank)
    self.size = Int(size)
  }

  deinit {
    guard isOwned, MPIRuntime.isRunning else { return }
    var handle: MPI_Comm? = self.handle
    MPI_Comm_free(&handle)
  }

  /// A communicator of the same ranks whose messages cannot meet those of this one.
  ///
  /// Corresponds to `MPI_Comm_dup`.
  package func duplicate() throws(MPIError) -> Communicator {
    var copy: MPI_Comm?
    try check(MPI_Comm_dup(handle, &copy), "MPI_Comm_dup")
    return try Communicator(handle: copy!, isOwned: true)
  }

  /// Calls `body(offset, count)` for consecutive pieces of `count` elements that each fit into a C `int`.
  ///
  /// An empty buffer is one empty piece: a collective is called all the same.
  func forEachPiece(
    of count: Int, _ body: (_ offset: Int, _ count: Int32) throws(MPIError) -> Void
  ) throws(MPIError) {
    var offset = 0
    repeat {
      let piece = min(count - offset, maximumCount)
      try body(offset, Int32(piece))
      offset += piece
    } while offset < count
  }
}
