import MPI
import Testing

@Suite struct MPIErrorTests {
  /// The levels of `MPI_Init_thread` in the order that the standard gives them: single, funneled, serialized,
  /// multiple, which Open MPI and MPICH number from 0.
  @Test func threadsMustBeAllowed() {
    let error = ThreadSupportError(provided: 0)
    #expect(error?.description.contains("found one that does not (level 0)") == true)
    #expect(error?.description.contains("(MPI_THREAD_FUNNELED, 1)") == true)
    for level in Int32(1)...3 { #expect(ThreadSupportError(provided: level) == nil) }
  }
}
