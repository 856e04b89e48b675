import MPI
import Tensors

/// Sums the ranks' gradients in buckets, each as soon as the backward pass has completed it.
///
/// The backward pass completes the gradient arena from its end to its start; so do the buckets. Open MPI
/// moves a non-blocking reduction only inside MPI calls, so every call here lets it make progress.
package struct GradientReducer: ~Copyable {
  private let world: World
  private let gradients: SharedBuffer<Float>
  /// Elements a bucket.
  private let bucket: Int
  private var requests: RequestSet
  /// The arena is under way from this place on.
  private var started: Int
  /// Time spent waiting for reductions after the backward pass, since the start.
  package private(set) var secondsWaited = 0.0

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

  /// Starts the reductions of all buckets that are complete now that the arena is complete from place `ready`
  /// on.
  package mutating func advance(to ready: Int) throws {
    guard world.size > 1 else { return }
    let memory = gradients.unsafeMemory
    while started > ready, max(started - bucket, 0) >= ready {
      let start = max(started - bucket, 0)
      try world.communicator.startAllReduce(
        UnsafeMutableBufferPointer(rebasing: memory[start..<started]), .sum, adding: &requests)
      started = start
    }
    _ = try requests.test()
  }

  /// Returns when the whole arena is summed, and gets ready for the next step.
  package mutating func finish() throws {
    try advance(to: 0)
    let start = ContinuousClock.now
    try requests.wait()
    secondsWaited += (ContinuousClock.now - start).seconds
    started = gradients.span.count
  }
}
