import MPI
import Tensors

/// `--compress` and `--hierarchical`: sums over the ranks in stages, within each host first and then between
/// hosts, with 16-bit numbers on the slowest wire if asked to.
///
/// A stage is a reduce-scatter, every rank summing its slice of a bucket, and on the way back an all-gather
/// (Thakur, Rabenseifner, Gropp 2005); the stages between hosts work on the slices that those within the
/// host leave. What a rank sums it gives out in the rounded form too, so that all ranks end with the same
/// bits. Each rounding has its own error feedback, see `HalfPrecision.compress`.
package final class StagedReducer: GradientReducer {
  private let stages: [ReductionStage]
  private let gradients: SharedBuffer<Float>
  /// From the arena's end to its start.
  private let buckets: [StagedBucket]
  /// How many buckets have begun each phase: the stages' scatters, then their gathers, then the end.
  private var begun: [Int]
  /// Buckets reduced in all steps before.
  private var reducedBefore: Int
  package var bucketTimes: BucketTimes?

  /// - Parameters:
  ///   - gradients: each rank's sum, replaced by that of all ranks.
  ///   - uncompressed: the part of it that always goes as it is: sums that are no gradients.
  ///   - bucketBytes: size of a bucket.
  package init(
    _ stages: [ReductionStage], _ gradients: SharedBuffer<Float>, uncompressed: Range<Int>, bucketBytes: Int
  ) {
    precondition(
      uncompressed.upperBound == gradients.span.count, "\(uncompressed) of \(gradients.span.count)")
    self.stages = stages
    self.gradients = gradients
    let bucket = max(bucketBytes / MemoryLayout<Float>.stride, 1)
    var buckets: [StagedBucket] = []
    var end = gradients.span.count
    while end > 0 {
      let isExact = end > uncompressed.lowerBound
      let start = max(end - bucket, isExact ? uncompressed.lowerBound : 0)
      buckets.append(StagedBucket(start..<end, stages, isExact: isExact))
      end = start
    }
    self.buckets = buckets
    begun = [Int](repeating: 0, count: 2 * stages.count + 1)
    reducedBefore = 0
  }

  package var bucketCount: Int { buckets.count }

  package var isUnderWay: Bool { begun[begun.count - 1] < begun[0] }

  package func begin(microBatches: Int) {
    reducedBefore += begun[begun.count - 1]
    for phase in begun.indices { begun[phase] = 0 }
  }

  package func advance(to ready: Int) throws {
    while begun[0] < buckets.count, buckets[begun[0]].range.lowerBound >= ready {
      try begin(0, of: buckets[begun[0]])
      bucketTimes?.oneStarted()
    }
    for phase in 1..<begun.count {
      while begun[phase] < begun[phase - 1], try buckets[begun[phase]].requests.test() {
        let bucket = buckets[begun[phase]]
        complete(phase - 1, of: bucket)
        try begin(phase, of: bucket)
      }
    }
    bucketTimes?.complete(reducedBefore + begun[begun.count - 1])
  }

  package func finish() throws {
    try advance(to: 0)
    while isUnderWay { try advance(to: 0) }
  }

  /// Buckets go through each phase in their order, the same on all ranks, as MPI's collectives must.
  private func begin(_ phase: Int, of bucket: StagedBucket) throws {
    begun[phase] += 1
    if phase < stages.count {
      try bucket.levels[phase].scatter(gradients, stages[phase], &bucket.requests)
    } else if phase < 2 * stages.count {
      let stage = 2 * stages.count - 1 - phase
      try bucket.levels[stage].gather(gradients, stages[stage], &bucket.requests)
    }
  }

  private func complete(_ phase: Int, of bucket: StagedBucket) {
    if phase < stages.count {
      bucket.levels[phase].sum(gradients)
    } else {
      bucket.levels[2 * stages.count - 1 - phase].takeGathered(gradients)
    }
  }
}
