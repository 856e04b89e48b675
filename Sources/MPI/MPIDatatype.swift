import CMPI

/// An element type that MPI can move and reduce.
package protocol MPIDatatype: BitwiseCopyable {
  static var datatype: MPI_Datatype { get }
}

extension Float: MPIDatatype {
  package static var datatype: MPI_Datatype { cmpi_float() }
}
extension Double: MPIDatatype {
  package static var datatype: MPI_Datatype { cmpi_double() }
}
extension Int: MPIDatatype {
  package static var datatype: MPI_Datatype { cmpi_int64() }
}
extension Int32: MPIDatatype {
  package static var datatype: MPI_Datatype { cmpi_int32() }
}
extension UInt8: MPIDatatype {
  package static var datatype: MPI_Datatype { cmpi_uint8() }
}
extension UInt16: MPIDatatype {
  package static var datatype: MPI_Datatype { cmpi_uint16() }
}
extension UInt64: MPIDatatype {
  package static var datatype: MPI_Datatype { cmpi_uint64() }
}

/// How a reduction combines the ranks' values.
package enum ReduceOperation: Sendable {
  case sum, minimum, maximum

  var handle: MPI_Op {
    switch self {
    case .sum: cmpi_sum()
    case .minimum: cmpi_min()
    case .maximum: cmpi_max()
    }
  }
}
