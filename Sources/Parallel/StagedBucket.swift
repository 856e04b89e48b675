import MPI
import Tensors

/// A piece of the arena that is reduced at once.
final class StagedBucket {
  let range: Range<Int>
  let levels: [StagedLevel]
  /// The messages of the phase under way.
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
final class StagedLevel {
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
