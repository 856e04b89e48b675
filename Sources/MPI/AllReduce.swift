import CMPI

extension Communicator {
  /// Combines `values` element by element over all ranks; every rank gets the result.
  ///
  /// All ranks give equally many. Float sums come in an order that MPI chooses.
  ///
  /// Corresponds to `MPI_Allreduce` with `MPI_IN_PLACE`.
  package func allReduce<Element: MPIDatatype>(
    _ values: inout MutableSpan<Element>, _ operation: ReduceOperation
  ) throws(MPIError) {
    try values.withUnsafeMutableBufferPointer { buffer throws(MPIError) in
      try forEachPiece(of: buffer.count) { offset, count throws(MPIError) in
        try check(
          MPI_Allreduce(
            cmpi_in_place(), buffer.baseAddress.map { $0 + offset }, count, Element.datatype,
            operation.handle,
            handle),
          "MPI_Allreduce")
      }
    }
  }

  /// The ranks' values combined.
  package func allReduce<Element: MPIDatatype>(
    _ value: Element, _ operation: ReduceOperation
  ) throws(MPIError) -> Element {
    var values = [value]
    var span = values.mutableSpan
    try allReduce(&span, operation)
    return values[0]
  }

  /// Starts combining `values` over all ranks and returns at once; the request is added to `requests`.
  ///
  /// Open MPI has no progress thread: the reduction moves only inside MPI calls, such as `RequestSet.test`.
  /// - Precondition: nobody touches `values` until the request is complete.
  ///
  /// Corresponds to `MPI_Iallreduce` with `MPI_IN_PLACE`.
  package func startAllReduce<Element: MPIDatatype>(
    _ values: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation,
    adding requests: inout RequestSet
  ) throws(MPIError) {
    try forEachPiece(of: values.count) { offset, count throws(MPIError) in
      var request: MPI_Request? = cmpi_request_null()
      try check(
        MPI_Iallreduce(
          cmpi_in_place(), values.baseAddress.map { $0 + offset }, count, Element.datatype, operation.handle,
          handle,
          &request),
        "MPI_Iallreduce")
      requests.append(request)
    }
  }
}
