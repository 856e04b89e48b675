import CMPI

extension Communicator {
  /// The ranks of the same `color` among themselves, in the order of `key`.
  ///
  /// Corresponds to `MPI_Comm_split`.
  package func split(color: Int, key: Int) throws(MPIError) -> Communicator {
    var part: MPI_Comm?
    try check(MPI_Comm_split(handle, Int32(color), Int32(key), &part), "MPI_Comm_split")
    return try Communicator(handle: part!, isOwned: true)
  }
}
