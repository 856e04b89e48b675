import MPI
import Tensors

/// Sums gradients over the ranks while the backward pass is still computing others.
///
/// The backward pass completes the gradient arena from its end to its start, and so does the reduction,
/// bucket by bucket. Open MPI moves non-blocking operations only inside MPI calls, so every call here lets
/// them make progress.
package protocol GradientReducer: AnyObject {
  /// A step of so many micro-batches begins, over all ranks.
  func begin(microBatches: Int)

  /// Starts the reduction of all buckets that are complete now that this rank's arena is complete from place
  /// `ready` on.
  func advance(to ready: Int) throws

  /// Returns when the whole arena is summed.
  func finish() throws

  /// Something has been started and was not complete when last looked at.
  var isUnderWay: Bool { get }

  /// Buckets that the arena is cut into.
  var bucketCount: Int { get }

  /// Takes down when each bucket was under way, by its number in the step, for a trace.
  var bucketTimes: BucketTimes? { get set }
}

/// The default: `MPI_Allreduce`, whose order of additions is MPI's choice.
package final class AllReducer: GradientReducer {
  private let world: World
  private let gradients: SharedBuffer<Float>
  /// Elements a bucket.
  private let bucket: Int
  private var requests: RequestSet
  /// The arena is under way from this place on.
  private var started: Int
  package var bucketTimes: BucketTimes?

  /// - Parameters:
  ///   - gradients: each rank's sum, replaced by that of all ranks.
  ///   - bucketBytes: size of a bucket.
  package init(_ world: World, _ gradients: SharedBuffer<Float>, bucketBytes: Int) {
    self.world = world
    self.gradients = gradients
    bucket = max(bucketBytes / MemoryLayout<Float>.stride, 1)
    started = gradients.span.count
    requests = RequestSet(capacity: started / bucket + 1)
  }

  package var bucketCount: Int { (gradients.unsafeMemory.count + bucket - 1) / bucket }

  package var isUnderWay: Bool { !requests.isEmpty }

  package func begin(microBatches: Int) { started = gradients.unsafeMemory.count }

  package func advance(to ready: Int) throws {
    guard world.size > 1 else { return }
    let memory = gradients.unsafeMemory
    while started > ready, max(started - bucket, 0) >= ready {
      let start = max(started - bucket, 0)
      try world.communicator.startAllReduce(
        UnsafeMutableBufferPointer(rebasing: memory[start..<started]), .sum, adding: &requests)
      started = start
      bucketTimes?.oneStarted()
    }
    _ = try requests.test()
    try bucketTimes?.complete(requests.completeCount())
  }

  package func finish() throws {
    try advance(to: 0)
    try requests.wait()
    try bucketTimes?.complete(requests.completeCount())
  }
}
