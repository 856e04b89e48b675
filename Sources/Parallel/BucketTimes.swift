import System
import Tensors

/// When the reductions of buckets began and were seen to be complete. A rank sees that only while it is in
/// MPI, so the ends are late by as much as it computed in between.
package final class BucketTimes {
  package let timeline: Timeline
  /// When those began that are under way, and how many are complete, since the start.
  private var starts: [ContinuousClock.Instant] = []
  private var completed = 0
  private let bucketsPerStep: Int

  package init(_ timeline: Timeline, bucketsPerStep: Int) {
    self.timeline = timeline
    self.bucketsPerStep = bucketsPerStep
  }

  func oneStarted() { starts.append(.now) }

  /// - Parameter count: of all that ever began; they complete in order.
  func complete(_ count: Int) {
    let now = ContinuousClock.now
    while completed < count, let start = starts.first {
      timeline.add(0, number: completed % bucketsPerStep, from: start, to: now)
      starts.removeFirst()
      completed += 1
    }
  }
}
