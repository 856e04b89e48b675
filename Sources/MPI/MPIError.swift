import CMPI

/// A failed MPI call, with MPI's own words for it.
package struct MPIError: Error, Equatable, CustomStringConvertible {
  /// The C function, e.g. `MPI_Allreduce`.
  package let call: String
  package let code: Int32
  /// What `MPI_Error_string` says of the code.
  package let text: String

  package var description: String { "\(call) failed: \(text) (code \(code))" }
}

/// The one place where the result of an MPI call is looked at.
///
/// Corresponds to `MPI_Error_string`.
func check(_ code: Int32, _ call: String) throws(MPIError) {
  guard code != cmpi_success() else { return }
  let text = string(capacity: Int(cmpi_max_error_string())) { MPI_Error_string(code, $0, $1) }
  throw MPIError(call: call, code: code, text: text ?? "MPI has no words for it")
}

/// The string that an MPI function writes into a buffer of `capacity` bytes, with its length; nil where it
/// fails.
func string(capacity: Int, _ fill: (UnsafeMutablePointer<CChar>, UnsafeMutablePointer<Int32>) -> Int32)
  -> String?
{
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: capacity + 1) { buffer in
    buffer.initialize(repeating: 0)
    var length: Int32 = 0
    guard fill(buffer.baseAddress!, &length) == cmpi_success() else { return nil }
    return String(cString: buffer.baseAddress!)
  }
}
