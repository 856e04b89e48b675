import Glibc
import MPI
import Parallel
import Tensors
import Testing

@MainActor @Suite(.serialized, .watchdog) struct AgreementTests {
  struct Failure: Error, CustomStringConvertible { let description: String }

  private var world: World { Ranks.world }

  private func failure(_ body: () throws -> Void) throws -> AgreedFailure? {
    do {
      try world.agree(body)
      return nil
    } catch let failure as AgreedFailure { return failure }
  }

  @Test func successGivesEachRankItsResult() throws {
    let result = try world.agree { world.rank * 2 }
    try Ranks.expectEverywhere(result == world.rank * 2, "\(result)")
  }

  /// One rank fails: all throw, with its number and message.
  @Test func oneRanksFailureIsEverybodys() throws {
    let last = world.size - 1
    let failure = try failure { if world.rank == last { throw Failure(description: "no such file") } }
    let expected =
      last == 0 ? "no such file" : "[rank \(last)/\(world.size) \(world.hosts[last])] no such file"
    try Ranks.expectEverywhere(failure?.description == expected, "\(failure?.description ?? "nothing")")
  }

  @Test func theSameFailureEverywhereIsSaidOnce() throws {
    let failure = try failure { throw Failure(description: "bad model") }
    try Ranks.expectEverywhere(failure?.description == "bad model", "\(failure?.description ?? "nothing")")
  }
}

@MainActor @Suite(.serialized, .watchdog) struct GradientReducerTests {
  private var world: World { Ranks.world }

  /// The arena completes from its end to its start, in uneven pieces; twice, as the reducer is used again.
  @Test(arguments: [(1000, 400), (1000, 4), (1000, 100_000), (1, 4), (37, 64)])
  func sumsAllBuckets(_ count: Int, bucketBytes: Int) throws {
    let gradients = SharedBuffer<Float>(repeating: 0, count: count)
    let reducer = AllReducer(world, gradients, bucketBytes: bucketBytes)
    for step in 1...2 {
      try reduce(with: reducer, [gradients], microBatches: 1) { index, _ in Float(index * step + world.rank) }
      let size = world.size
      let isRight = (0..<count).allSatisfy {
        gradients.unsafeMemory[$0] == Float($0 * step * size + size * (size - 1) / 2)
      }
      try Ranks.expectEverywhere(isRight, "\(count) gradients in buckets of \(bucketBytes) bytes")
    }
  }

  /// The sum of numbers of very different size, which depends on the order of additions, is that of one rank
  /// alone: for steps of several sizes, in turn, and ranks with several nodes, one or none.
  @Test(arguments: [(1000, 400), (1000, 4), (1000, 100_000), (1, 4), (37, 64)])
  func treeSumsInTheSameOrderOnAnyNumberOfRanks(_ count: Int, bucketBytes: Int) throws {
    func leaf(_ microBatch: Int, _ index: Int) -> Float {
      var random = RandomStream(seed: 5, purpose: .benchmark, time: microBatch, index: index)
      return random.uniform(-1, 1) * exp2f(Float(random.integer(below: 30)))
    }
    /// What adding siblings makes of a run's leaves.
    func sums(ofRun run: Range<Int>, _ index: Int) -> [Float] {
      let siblings = SummationTree.siblingMerges(
        of: run.map { SummationTree.Node(level: 0, index: $0) })
      var values = run.map { leaf($0, index) }
      for merge in siblings.merges { values[merge.into] += values[merge.from] }
      return siblings.left.map { values[$0.place] }
    }
    let sizes = [1, 2, 3, 5, 8, 12]
    let gradients = SharedBuffer<Float>(repeating: 0, count: count)
    var nodes: [Int: [SharedBuffer<Float>]] = [:]
    for size in sizes {
      let own = SummationTree.nodes(ofRun: shard(of: size, world.rank, of: world.size)).count
      nodes[size] = (0..<own).map { $0 == 0 ? gradients : SharedBuffer(repeating: 0, count: count) }
    }
    let reducer = TreeReducer(world, gradients, nodes: nodes, bucketBytes: bucketBytes)
    for size in sizes + sizes.reversed() {
      let run = shard(of: size, world.rank, of: world.size)
      try reduce(with: reducer, nodes[size]!, microBatches: size) { index, node in
        sums(ofRun: run, index)[node]
      }
      let isRight = (0..<count).allSatisfy { index in
        var values = (0..<size).map { leaf($0, index) }
        for merge in SummationTree.merges(of: (0..<size).map { .init(level: 0, index: $0) }) {
          values[merge.into] += values[merge.from]
        }
        return gradients.unsafeMemory[index].bitPattern == values[0].bitPattern
      }
      try Ranks.expectEverywhere(isRight, "\(size) micro-batches in buckets of \(bucketBytes) bytes")
    }
  }

  /// Completes buffers from their end to their start, in uneven pieces, and reduces them on the way.
  private func reduce(
    with reducer: any GradientReducer, _ buffers: [SharedBuffer<Float>], microBatches: Int,
    _ value: (_ index: Int, _ buffer: Int) -> Float
  ) throws {
    let count = buffers.first?.unsafeMemory.count ?? 0
    for buffer in buffers { buffer.unsafeMemory.update(repeating: .nan) }
    reducer.begin(microBatches: microBatches)
    var complete = count
    while complete > 0 {
      let next = max(complete - 77, 0)
      for (number, buffer) in buffers.enumerated() {
        for index in next..<complete { buffer.unsafeMemory[index] = value(index, number) }
      }
      complete = next
      try reducer.advance(to: complete)
    }
    try reducer.finish()
  }
}

@MainActor @Suite(.serialized, .watchdog) struct StepVoteTests {
  private var world: World { Ranks.world }

  @Test func theLargestWins() throws {
    let vote = StepVote(world)
    for winner in 0..<world.size {
      try vote.start(world.rank == winner ? 2 : world.rank == 0 ? 1 : 0)
      let result = try vote.finish()
      try Ranks.expectEverywhere(result == 2, "\(result)")
    }
    try vote.start(0)
    let nothing = try vote.finish()
    try Ranks.expectEverywhere(nothing == 0, "\(nothing)")
  }
}
