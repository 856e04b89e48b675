import CMPI

extension Communicator {
  /// Returns when all ranks have come here.
  ///
  /// Corresponds to `MPI_Barrier`.
  package func barrier() throws(MPIError) {
    try check(MPI_Barrier(handle), "MPI_Barrier")
  }
}
