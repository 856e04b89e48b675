import MPI
import Tensors

/// What ranks tell each other in the course of a step, without waiting: each gives a number, all get the
/// largest.
///
/// Started with the step and finished at its end, it hides behind the computation.
package final class StepVote {
  private let world: World
  private let value = SharedBuffer<Int32>(repeating: 0, count: 1)
  private var requests = RequestSet(capacity: 1)

  package init(_ world: World) { self.world = world }

  package func start(_ own: Int32) throws {
    value.unsafeMemory[0] = own
    guard world.size > 1 else { return }
    try world.communicator.startAllReduce(value.unsafeMemory, .maximum, adding: &requests)
  }

  /// The largest number of all ranks.
  package func finish() throws -> Int32 {
    try requests.wait()
    return value.unsafeMemory[0]
  }
}
