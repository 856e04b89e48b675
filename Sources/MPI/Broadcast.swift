import CMPI

extension Communicator {
  /// Copies `values` of rank `root` to all other ranks. All ranks give equally many.
  ///
  /// Corresponds to `MPI_Bcast`.
  package func broadcast<Element: MPIDatatype>(
    _ values: inout MutableSpan<Element>, from root: Int = 0
  ) throws(MPIError) {
    try values.withUnsafeMutableBufferPointer { buffer throws(MPIError) in
      try forEachPiece(of: buffer.count) { offset, count throws(MPIError) in
        try check(
          MPI_Bcast(
            buffer.baseAddress.map { $0 + offset }, count, Element.datatype, Int32(root), handle),
          "MPI_Bcast")
      }
    }
  }

  /// The text that rank `root` gives; what the other ranks give is not looked at.
  package func broadcast(_ text: String, from root: Int = 0) throws(MPIError) -> String {
    var bytes = Array(text.utf8)
    var count = [bytes.count]
    var countSpan = count.mutableSpan
    try broadcast(&countSpan, from: root)
    if rank != root { bytes = [UInt8](repeating: 0, count: count[0]) }
    var span = bytes.mutableSpan
    try broadcast(&span, from: root)
    return String(decoding: bytes, as: UTF8.self)
  }
}
