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
  ///   - exact: what of it always goes as it is: sums that are no gradients.
  ///   - bucketBytes: size of a bucket.
  package init(
    _ stages: [ReductionStage], _ gradients: SharedBuffer<Float>, exact: Range<Int>, bucketBytes: Int
  ) {
    precondition(exact.upperBound == gradients.span.count, "\(exact) of \(gradients.span.count)")
    self.stages = stages
    self.gradients = gradients
    let bucket = max(bucketBytes / MemoryLayout<Float>.stride, 1)
    var buckets: [StagedBucket] = []
    var end = gradients.span.count
    while end > 0 {
      let isExact = end > exact.lowerBound
      let start = max(end - bucket, isExact ? exact.lowerBound : 0)
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

/// Ranks that sum among themselves, and how numbers go between them.
package final class ReductionStage {
  let communicator: Communicator
  /// Nil for numbers as they are.
  let compression: HalfPrecision?

  init(_ communicator: consuming Communicator, _ compression: HalfPrecision?) {
    self.communicator = communicator
    self.compression = compression
  }
}

extension World {
  /// One stage of all ranks, or two, within hosts and between them. Called by all ranks.
  ///
  /// - Parameters:
  ///   - compression: of the last stage.
  ///   - hosts: by rank.
  /// - Throws: on all ranks, when stages within hosts are wanted and the hosts have different numbers of
  ///   ranks.
  package func reductionStages(
    hierarchical: Bool, _ compression: HalfPrecision?, hosts: [String]
  ) throws -> [ReductionStage] {
    guard hierarchical else { return [ReductionStage(try communicator.duplicate(), compression)] }
    let onHosts = Dictionary(grouping: hosts.indices) { hosts[$0] }
    let counts = Set(onHosts.values.map(\.count))
    guard counts.count == 1 else { throw UnevenHostsError(counts: onHosts.mapValues(\.count)) }
    let own = onHosts[hosts[rank]]!
    let within = try communicator.split(color: own[0], key: rank)
    let between = try communicator.split(color: own.firstIndex(of: rank)!, key: rank)
    let (ranksWithin, hostCount) = (within.size, between.size)
    let stages = [ReductionStage(within, nil), ReductionStage(between, compression)]
    if ranksWithin == 1 { return [stages[1]] }
    return hostCount == 1 ? [stages[0]] : stages
  }
}

private struct UnevenHostsError: AgreedError, CustomStringConvertible {
  let counts: [String: Int]

  var description: String {
    let shown = counts.sorted { $0.key < $1.key }.prefix(4).map { "\($0.value) on \($0.key)" }
    return "--hierarchical: expected as many ranks on each host, found \(shown.joined(separator: ", "))"
      + (counts.count > 4 ? ", ..." : "")
  }
}

/// A piece of the arena that is reduced at once.
private final class StagedBucket {
  let range: Range<Int>
  let levels: [StagedLevel]
  /// Of the phase under way.
  var requests: RequestSet

  init(_ range: Range<Int>, _ stages: [ReductionStage], isExact: Bool) {
    self.range = range
    var levels: [StagedLevel] = []
    var rest = range
    for stage in stages {
      levels.append(StagedLevel(rest, stage, isExact ? nil : stage.compression))
      rest = levels.last!.own
    }
    self.levels = levels
    requests = RequestSet(capacity: 2 * stages.map { $0.communicator.size }.max()!)
  }
}

/// A bucket in one stage.
private final class StagedLevel {
  /// What the stage's ranks all have a sum of, and the slice that each completes, by rank of the stage.
  private let range: Range<Int>
  private let slices: [Range<Int>]
  private let rank: Int
  private let compression: HalfPrecision?
  /// Lengths of the slices, and where they begin in the range, for MPI.
  private let counts: SharedBuffer<Int32>
  private let starts: SharedBuffer<Int32>
  /// The other ranks' parts of this rank's slice, one after the other: numbers as they are, or compressed.
  private let received: SharedBuffer<Float>
  private let receivedWords: SharedBuffer<UInt16>
  /// The range in its compressed form, first what is sent of it, then the ranks' sums, and what rounding has
  /// left out so far of what this rank sent, and of its sums.
  private let words: SharedBuffer<UInt16>
  private let residual: SharedBuffer<Float>
  private let sumResidual: SharedBuffer<Float>

  var own: Range<Int> { slices[rank] }

  init(_ range: Range<Int>, _ stage: ReductionStage, _ compression: HalfPrecision?) {
    self.range = range
    self.compression = compression
    let size = stage.communicator.size
    rank = stage.communicator.rank
    slices = (0..<size).map { shard(of: range, $0, of: size) }
    counts = SharedBuffer(repeating: 0, count: size)
    starts = SharedBuffer(repeating: 0, count: size)
    for (rank, slice) in slices.enumerated() {
      counts.unsafeMemory[rank] = Int32(slice.count)
      starts.unsafeMemory[rank] = Int32(slice.lowerBound - range.lowerBound)
    }
    let isCompressed = compression != nil
    let incoming = (size - 1) * slices[rank].count
    received = SharedBuffer(repeating: 0, count: isCompressed ? 0 : incoming)
    receivedWords = SharedBuffer(repeating: 0, count: isCompressed ? incoming : 0)
    words = SharedBuffer(repeating: 0, count: isCompressed ? range.count : 0)
    residual = SharedBuffer(repeating: 0, count: isCompressed ? range.count : 0)
    sumResidual = SharedBuffer(repeating: 0, count: isCompressed ? slices[rank].count : 0)
  }

  /// Starts sending each rank its slice, and receiving this rank's from all.
  func scatter(
    _ gradients: SharedBuffer<Float>, _ stage: ReductionStage, _ requests: inout RequestSet
  ) throws {
    var place = 0
    for other in slices.indices where other != rank {
      if !own.isEmpty {
        let slot = place..<place + own.count
        place = slot.upperBound
        if compression == nil {
          try stage.communicator.startReceive(
            UnsafeMutableBufferPointer(rebasing: received.unsafeMemory[slot]), from: other, adding: &requests)
        } else {
          try stage.communicator.startReceive(
            UnsafeMutableBufferPointer(rebasing: receivedWords.unsafeMemory[slot]), from: other,
            adding: &requests)
        }
      }
      let slice = slices[other]
      guard !slice.isEmpty else { continue }
      if let compression {
        let part = inRange(slice)
        let (residual, words) = (residual, words)
        var residuals = residual.mutableSpan
        var residualPart = residuals[slice: part]
        var sent = words.mutableSpan
        var sentPart = sent[slice: part]
        compression.compress(gradients.span.extracting(slice), residual: &residualPart, into: &sentPart)
        try stage.communicator.startSend(
          UnsafeBufferPointer(rebasing: words.unsafeMemory[part]), to: other, adding: &requests)
      } else {
        try stage.communicator.startSend(
          UnsafeBufferPointer(rebasing: gradients.unsafeMemory[slice]), to: other, adding: &requests)
      }
    }
  }

  /// Adds what has come, in the order of the ranks, to this rank's slice.
  func sum(_ gradients: SharedBuffer<Float>) {
    let (received, receivedWords) = (received, receivedWords)
    var all = gradients.mutableSpan
    var sum = all[slice: own]
    for part in 0..<slices.count - 1 {
      let slot = part * own.count..<(part + 1) * own.count
      if let compression {
        compression.add(receivedWords.span.extracting(slot), to: &sum)
      } else {
        add(received.span.extracting(slot), to: &sum)
      }
    }
  }

  /// Starts gathering all ranks' sums.
  func gather(
    _ gradients: SharedBuffer<Float>, _ stage: ReductionStage, _ requests: inout RequestSet
  ) throws {
    let (counts, starts) = (
      UnsafeBufferPointer(counts.unsafeMemory), UnsafeBufferPointer(starts.unsafeMemory)
    )
    guard let compression else {
      return try stage.communicator.startAllGather(
        UnsafeMutableBufferPointer(rebasing: gradients.unsafeMemory[range]), counts: counts, starts: starts,
        adding: &requests)
    }
    let (words, sumResidual) = (words, sumResidual)
    var sent = words.mutableSpan
    var ownSent = sent[slice: inRange(own)]
    var residual = sumResidual.mutableSpan
    compression.compress(gradients.span.extracting(own), residual: &residual, into: &ownSent)
    try stage.communicator.startAllGather(
      words.unsafeMemory, counts: counts, starts: starts, adding: &requests)
  }

  /// The sums of all ranks are here.
  func takeGathered(_ gradients: SharedBuffer<Float>) {
    guard let compression else { return }
    let words = words
    var all = gradients.mutableSpan
    var sums = all[slice: range]
    compression.expand(words.span, into: &sums)
  }

  /// A part of the arena as a part of this range.
  private func inRange(_ part: Range<Int>) -> Range<Int> {
    part.lowerBound - range.lowerBound..<part.upperBound - range.lowerBound
  }
}
