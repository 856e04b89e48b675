import MPI
import Tensors

/// `--reproducible`: sums over the ranks in the order of `SummationTree`, so that the sum of a step's
/// micro-batches has the same bits on any number of ranks.
///
/// A rank keeps its micro-batches' gradients as the nodes of the tree that its run covers: one node where the
/// run is an aligned power of two, a few otherwise. Each bucket of the arena is divided among the ranks:
/// every rank gathers all nodes' values of its slice, adds them in the tree's order, and the sums are
/// gathered by all. With one node a rank this moves as many bytes as a ring allreduce.
package final class TreeReducer: GradientReducer {
  /// How the nodes of a step are added.
  private struct Sum {
    /// This rank's nodes: their gradients, the first in `gradients`.
    let own: [SharedBuffer<Float>]
    /// Number of nodes of each rank, by rank.
    let counts: [Int]
    /// The first of this rank's nodes among all.
    let first: Int
    /// Over the nodes of all ranks.
    let merges: [SummationTree.Merge]
  }

  private let world: World
  private let gradients: SharedBuffer<Float>
  /// From the arena's end to its start.
  private let buckets: [Bucket]
  /// Length of this rank's slices of all buckets together.
  private let sliceLength: Int
  /// The other ranks' nodes: (nodes, slices).
  private let received: SharedBuffer<Float>
  /// By number of micro-batches.
  private let sums: [Int: Sum]
  private var sum: Sum
  /// Buckets whose exchange of slices has begun, and whose gathering of sums has.
  private var exchanged = 0
  private var gathered = 0
  private var gathers: RequestSet
  package var bucketTimes: BucketTimes?

  /// - Parameters:
  ///   - gradients: where the sum goes; also the first of this rank's nodes.
  ///   - nodes: gradients of this rank's nodes, in the tree's order, for each number of micro-batches that a
  ///     step can have.
  ///   - bucketBytes: size of a bucket.
  package init(
    _ world: World, _ gradients: SharedBuffer<Float>, nodes: [Int: [SharedBuffer<Float>]], bucketBytes: Int
  ) {
    self.world = world
    self.gradients = gradients
    var sums: [Int: Sum] = [:]
    for (microBatches, own) in nodes {
      let all = (0..<world.size).map {
        SummationTree.nodes(ofRun: shard(of: microBatches, $0, of: world.size))
      }
      precondition(all[world.rank].count == own.count, "\(own.count) nodes of \(all[world.rank].count)")
      sums[microBatches] = Sum(
        own: own, counts: all.map(\.count), first: all[..<world.rank].reduce(0) { $0 + $1.count },
        merges: SummationTree.merges(of: all.flatMap { $0 }))
    }
    self.sums = sums
    sum = sums.values.first!
    let mostNodes = sums.values.map { $0.counts.reduce(0, +) }.max()!
    let mostRequests = sums.values.map { ($0.own.count + $0.counts.max()!) * world.size }.max()!

    let count = gradients.span.count
    let bucket = max(bucketBytes / MemoryLayout<Float>.stride, 1)
    var buckets: [Bucket] = []
    var (end, place) = (count, 0)
    while end > 0 {
      let range = max(end - bucket, 0)..<end
      let slices = (0..<world.size).map { shard(of: range, $0, of: world.size) }
      buckets.append(Bucket(range, slices, place: place, requests: mostRequests))
      place += slices[world.rank].count
      end = range.lowerBound
    }
    self.buckets = buckets
    sliceLength = place
    received = SharedBuffer(repeating: 0, count: mostNodes, unit: place)
    gathers = RequestSet(capacity: buckets.count)
  }

  package var bucketCount: Int { buckets.count }

  package var isUnderWay: Bool { gathered < exchanged || !gathers.isEmpty }

  package func begin(microBatches: Int) {
    guard let sum = sums[microBatches] else {
      preconditionFailure("a step of \(microBatches) micro-batches, prepared for \(sums.keys.sorted())")
    }
    self.sum = sum
    exchanged = 0
    gathered = 0
  }

  package func advance(to ready: Int) throws {
    while exchanged < buckets.count, buckets[exchanged].range.lowerBound >= ready {
      try exchange(buckets[exchanged])
      exchanged += 1
      bucketTimes?.oneStarted()
    }
    while gathered < exchanged, try buckets[gathered].requests.test() { try addAndGather() }
    _ = try gathers.test()
    try bucketTimes?.complete(gathers.completeCount())
  }

  package func finish() throws {
    try advance(to: 0)
    while gathered < buckets.count {
      try buckets[gathered].requests.wait()
      try addAndGather()
    }
    try gathers.wait()
    try bucketTimes?.complete(gathers.completeCount())
  }

  /// Sends each rank its slice of this rank's nodes, and receives the slice that this rank sums.
  private func exchange(_ bucket: Bucket) throws {
    let slice = bucket.slices[world.rank]
    var node = 0
    for rank in 0..<world.size {
      for _ in 0..<sum.counts[rank] {
        if rank != world.rank && !slice.isEmpty {
          try world.communicator.startReceive(
            memory(ofNode: node, bucket), from: rank, adding: &bucket.requests)
        }
        node += 1
      }
      guard rank != world.rank, !bucket.slices[rank].isEmpty else { continue }
      for own in sum.own {
        try world.communicator.startSend(
          UnsafeBufferPointer(rebasing: own.unsafeMemory[bucket.slices[rank]]), to: rank,
          adding: &bucket.requests)
      }
    }
  }

  /// Sums this rank's slice of the next bucket, and starts gathering all ranks' slices.
  private func addAndGather() throws {
    let bucket = buckets[gathered]
    for merge in sum.merges {
      add(memory(ofNode: merge.from, bucket), to: memory(ofNode: merge.into, bucket))
    }
    let slice = bucket.slices[world.rank]
    if !slice.isEmpty {
      let (result, total) = (
        memory(ofNode: 0, bucket), UnsafeMutableBufferPointer(rebasing: gradients.unsafeMemory[slice])
      )
      if result.baseAddress != total.baseAddress { _ = total.update(fromContentsOf: result) }
    }
    try world.communicator.startAllGather(
      UnsafeMutableBufferPointer(rebasing: gradients.unsafeMemory[bucket.range]),
      counts: UnsafeBufferPointer(bucket.counts.unsafeMemory),
      starts: UnsafeBufferPointer(bucket.starts.unsafeMemory), adding: &gathers)
    gathered += 1
  }

  /// This rank's slice of node `node` of all.
  private func memory(ofNode node: Int, _ bucket: Bucket) -> UnsafeMutableBufferPointer<Float> {
    let slice = bucket.slices[world.rank]
    if node >= sum.first && node < sum.first + sum.own.count {
      return UnsafeMutableBufferPointer(rebasing: sum.own[node - sum.first].unsafeMemory[slice])
    }
    let start = node * sliceLength + bucket.place
    return UnsafeMutableBufferPointer(rebasing: received.unsafeMemory[start..<start + slice.count])
  }
}

/// A piece of the arena that is reduced at once.
private final class Bucket {
  let range: Range<Int>
  /// The part of each rank, by rank.
  let slices: [Range<Int>]
  /// Where this rank's slice begins among its slices of all buckets.
  let place: Int
  /// Lengths of the slices, and where they begin in the bucket, for MPI.
  let counts: SharedBuffer<Int32>
  let starts: SharedBuffer<Int32>
  /// The exchange of slices.
  var requests: RequestSet

  init(_ range: Range<Int>, _ slices: [Range<Int>], place: Int, requests: Int) {
    self.range = range
    self.slices = slices
    self.place = place
    counts = SharedBuffer(repeating: 0, count: slices.count)
    starts = SharedBuffer(repeating: 0, count: slices.count)
    self.requests = RequestSet(capacity: requests)
    for (rank, slice) in slices.enumerated() {
      counts.unsafeMemory[rank] = Int32(slice.count)
      starts.unsafeMemory[rank] = Int32(slice.lowerBound - range.lowerBound)
    }
  }
}

/// sum += addend, element by element.
private func add(_ addend: UnsafeMutableBufferPointer<Float>, to sum: UnsafeMutableBufferPointer<Float>) {
  var sum = sum.mutableSpan
  add(addend.span, to: &sum)
}
