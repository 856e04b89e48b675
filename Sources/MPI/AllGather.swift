import CMPI

extension Communicator {
  /// The values of all ranks, by rank.
  ///
  /// Corresponds to `MPI_Allgather`.
  package func allGather<Element: MPIDatatype>(_ value: Element) throws(MPIError) -> [Element] {
    var all = [Element](repeating: value, count: size)
    try check(
      MPI_Allgather([value], 1, Element.datatype, &all, 1, Element.datatype, handle), "MPI_Allgather")
    return all
  }

  /// The texts of all ranks, by rank.
  package func allGather(_ text: String) throws(MPIError) -> [String] {
    let bytes = Array(text.utf8)
    let counts = try allGather(bytes.count)
    var starts = [0]
    for count in counts { starts.append(starts.last! + count) }
    var all = [UInt8](repeating: 0, count: starts.last!)
    for (index, byte) in bytes.enumerated() { all[starts[rank] + index] = byte }
    var span = all.mutableSpan
    try allGather(rowsOf: &span, rowCount: 1, shares: (0..<size).map { starts[$0]..<starts[$0 + 1] })
    return (0..<size).map { String(decoding: all[starts[$0]..<starts[$0 + 1]], as: UTF8.self) }
  }

  /// Completes a table of which each rank has filled the rows of its own share.
  ///
  /// - Parameters:
  ///   - values: rows of `rowCount` elements.
  ///   - shares: the rows of each rank, by rank, the same on all ranks.
  ///
  /// The unit that MPI counts is a row, so that the table may have more than 2^31 - 1 elements.
  ///
  /// Corresponds to `MPI_Allgatherv` with `MPI_IN_PLACE` and `MPI_Type_contiguous`. After an error the row's
  /// type is not freed: no job goes on then.
  package func allGather<Element: MPIDatatype>(
    rowsOf values: inout MutableSpan<Element>, rowCount: Int, shares: [Range<Int>]
  ) throws(MPIError) {
    precondition(shares.count == size, "\(shares.count) shares for \(size) ranks")
    let rows = shares.map(\.upperBound).max() ?? 0
    precondition(values.count == rows * rowCount, "\(values.count) elements for \(rows) rows of \(rowCount)")
    var row: MPI_Datatype?
    try check(MPI_Type_contiguous(Int32(rowCount), Element.datatype, &row), "MPI_Type_contiguous")
    try check(MPI_Type_commit(&row), "MPI_Type_commit")
    try values.withUnsafeMutableBufferPointer { buffer throws(MPIError) in
      try check(
        MPI_Allgatherv(
          cmpi_in_place(), 0, row, buffer.baseAddress, shares.map { Int32($0.count) },
          shares.map { Int32($0.lowerBound) }, row, handle),
        "MPI_Allgatherv")
    }
    try check(MPI_Type_free(&row), "MPI_Type_free")
  }

  /// Starts completing a table of which each rank has filled its own share; the request is added to
  /// `requests`.
  ///
  /// - Parameters:
  ///   - values: the whole table.
  ///   - counts: elements of each rank's share, by rank, the same on all ranks.
  ///   - starts: where the shares begin.
  /// - Precondition: nobody touches any of the three until the request is complete.
  ///
  /// Corresponds to `MPI_Iallgatherv` with `MPI_IN_PLACE`.
  package func startAllGather<Element: MPIDatatype>(
    _ values: UnsafeMutableBufferPointer<Element>, counts: UnsafeBufferPointer<Int32>,
    starts: UnsafeBufferPointer<Int32>, adding requests: inout RequestSet
  ) throws(MPIError) {
    precondition(counts.count == size && starts.count == size, "\(counts.count) shares for \(size) ranks")
    var request: MPI_Request? = cmpi_request_null()
    try check(
      MPI_Iallgatherv(
        cmpi_in_place(), 0, Element.datatype, values.baseAddress, counts.baseAddress, starts.baseAddress,
        Element.datatype, handle, &request),
      "MPI_Iallgatherv")
    requests.append(request)
  }
}
