import CMPI

extension Communicator {
  /// Starts sending `values` to rank `target`; the request is added to `requests`.
  ///
  /// Messages between two ranks arrive in the order in which they were started.
  /// - Precondition: nobody changes `values` until the request is complete.
  ///
  /// Corresponds to `MPI_Isend`.
  package func startSend<Element: MPIDatatype>(
    _ values: UnsafeBufferPointer<Element>, to target: Int, adding requests: inout RequestSet
  ) throws(MPIError) {
    try forEachPiece(of: values.count) { offset, count throws(MPIError) in
      var request: MPI_Request? = cmpi_request_null()
      try check(
        MPI_Isend(
          values.baseAddress.map { $0 + offset }, count, Element.datatype, Int32(target), 0, handle,
          &request),
        "MPI_Isend")
      requests.append(request)
    }
  }

  /// Starts receiving as many elements as `values` has from rank `source`; the request is added to
  /// `requests`.
  /// - Precondition: nobody touches `values` until the request is complete.
  ///
  /// Corresponds to `MPI_Irecv`.
  package func startReceive<Element: MPIDatatype>(
    _ values: UnsafeMutableBufferPointer<Element>, from source: Int, adding requests: inout RequestSet
  ) throws(MPIError) {
    try forEachPiece(of: values.count) { offset, count throws(MPIError) in
      var request: MPI_Request? = cmpi_request_null()
      try check(
        MPI_Irecv(
          values.baseAddress.map { $0 + offset }, count, Element.datatype, Int32(source), 0, handle,
          &request),
        "MPI_Irecv")
      requests.append(request)
    }
  }
}
