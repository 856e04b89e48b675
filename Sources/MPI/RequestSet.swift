import CMPI

/// Non-blocking operations that are under way.
package struct RequestSet: ~Copyable {
  private var requests: [MPI_Request?] = []
  /// Requests that were complete and are forgotten.
  private var forgotten = 0

  /// Room for `capacity` requests, so that adding them allocates nothing.
  package init(capacity: Int) { requests.reserveCapacity(capacity) }

  package var isEmpty: Bool { requests.isEmpty }

  mutating func append(_ request: MPI_Request?) { requests.append(request) }

  /// Lets MPI make progress; true when all are complete.
  ///
  /// Corresponds to `MPI_Testall`.
  package mutating func test() throws(MPIError) -> Bool {
    guard !requests.isEmpty else { return true }
    var isComplete: Int32 = 0
    try check(
      MPI_Testall(Int32(requests.count), &requests, &isComplete, cmpi_statuses_ignore()), "MPI_Testall")
    if isComplete != 0 { forget() }
    return isComplete != 0
  }

  /// Returns when all are complete.
  ///
  /// Corresponds to `MPI_Waitall`.
  package mutating func wait() throws(MPIError) {
    guard !requests.isEmpty else { return }
    try check(MPI_Waitall(Int32(requests.count), &requests, cmpi_statuses_ignore()), "MPI_Waitall")
    forget()
  }

  /// How many requests are complete of all that were ever added, up to the first that is not; none of them is
  /// freed.
  ///
  /// Corresponds to `MPI_Request_get_status`.
  package func completeCount() throws(MPIError) -> Int {
    var count = forgotten
    for request in requests {
      var isComplete: Int32 = 0
      try check(
        MPI_Request_get_status(request, &isComplete, cmpi_status_ignore()), "MPI_Request_get_status")
      guard isComplete != 0 else { break }
      count += 1
    }
    return count
  }

  private mutating func forget() {
    forgotten += requests.count
    requests.removeAll(keepingCapacity: true)
  }
}
