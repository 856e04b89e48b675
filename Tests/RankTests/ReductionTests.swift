import Glibc
import Hashing
import MPI
import Parallel
import Tensors
import Testing

@MainActor @Suite(.serialized, .watchdog, .severalRanks) struct AgreementTests {
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

  /// A difference in either half of a fingerprint is found.
  @Test func theOddFingerprintIsFound() throws {
    let last = world.size - 1
    for odd in [Fingerprint(high: 1, low: 3), Fingerprint(high: 2, low: 4)] {
      let found = try world.odd(world.rank == last ? odd : Fingerprint(high: 1, low: 4))
      let isRight = last == 0 ? found == nil : found?.rank == last && found?.other == 0
      try Ranks.expectEverywhere(isRight, "\(odd): \(found.map { "\($0)" } ?? "nothing")")
    }
    try Ranks.expectEverywhere(try world.odd(Fingerprint(high: 1, low: 4)) == nil, "a difference of none")
  }
}

@MainActor @Suite(.serialized, .watchdog, .severalRanks) struct GradientReducerTests {
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

  /// Stages within hosts and between them, made up as pairs, single ranks and all on one, sum as one would.
  @Test(arguments: [(1000, 400), (1000, 4), (1000, 100_000), (1, 4), (37, 64)], [1, 2, 100])
  func stagesSumAllBuckets(_ sizes: (count: Int, bucketBytes: Int), ranksAHost: Int) throws {
    let count = sizes.count
    let gradients = SharedBuffer<Float>(repeating: 0, count: count)
    let isEven = world.size % min(ranksAHost, world.size) == 0
    let hosts = (0..<world.size).map { "host \($0 / ranksAHost)" }
    guard isEven else {
      #expect(throws: (any Error).self) {
        try world.reductionStages(hierarchical: true, nil, hosts: hosts)
      }
      return
    }
    let reducer = StagedReducer(
      try world.reductionStages(hierarchical: true, nil, hosts: hosts), gradients,
      uncompressed: count..<count,
      bucketBytes: sizes.bucketBytes)
    for step in 1...3 {
      try reduce(with: reducer, [gradients], microBatches: 1) { index, _ in Float(index * step + world.rank) }
      let size = world.size
      let isRight = (0..<count).allSatisfy {
        gradients.unsafeMemory[$0] == Float($0 * step * size + size * (size - 1) / 2)
      }
      try Ranks.expectEverywhere(isRight, "\(sizes), \(ranksAHost) ranks a host, step \(step)")
      #expect(!reducer.isUnderWay)
    }
  }

  /// Compressed sums have the same bits on all ranks, are off by roundings only, which do not add up over
  /// steps, and leave alone what is no gradient.
  @Test(arguments: HalfPrecision.allCases, [false, true])
  func compressedSumsMakeUpForTheirErrors(_ format: HalfPrecision, hierarchical: Bool) throws {
    let (count, exact, steps) = (1000, 990..<1000, 50)
    func value(_ index: Int, _ rank: Int) -> Float {
      var random = RandomStream(seed: 6, purpose: .benchmark, time: rank, index: index)
      return exact.contains(index) ? Float(1 + index * 1000 + rank) : random.uniform(-1, 1)
    }
    let gradients = SharedBuffer<Float>(repeating: 0, count: count)
    let pairs = (0..<world.size).map { "host \($0 / 2)" }
    let isHierarchical = hierarchical && world.size % 2 == 0
    let reducer = StagedReducer(
      try world.reductionStages(hierarchical: isHierarchical, format, hosts: pairs), gradients,
      uncompressed: exact,
      bucketBytes: 400)
    let sums = (0..<count).map { index in
      (0..<world.size).reduce(0.0) { $0 + Double(value(index, $1)) }
    }
    // Of numbers up to the ranks' count: half a unit in the last place of each number sent, and of the sum.
    let rounding = Double(world.size) * (format == .bf16 ? exp2(-8) : exp2(-11))
    let tolerance = 2 * rounding
    var totals = [Double](repeating: 0, count: count)
    for _ in 0..<steps {
      try reduce(with: reducer, [gradients], microBatches: 1) { index, _ in value(index, world.rank) }
      var (areClose, areExact) = (true, true)
      for index in 0..<count {
        let sum = gradients.unsafeMemory[index]
        totals[index] += Double(sum)
        if exact.contains(index) { areExact = areExact && Double(sum) == sums[index] }
        areClose = areClose && abs(Double(sum) - sums[index]) <= 2 * tolerance
      }
      try Ranks.expectEverywhere(areClose && areExact, "\(format): close \(areClose), exact \(areExact)")
      let odd = try world.odd(Fingerprint(gradients.span.bytes))
      try Ranks.expectEverywhere(odd == nil, "\(odd.map { "\($0)" } ?? "")")
    }
    let worst = zip(totals, sums).map { abs($0 - Double(steps) * $1) }.max()!
    try Ranks.expectEverywhere(worst <= 2 * tolerance, "\(format): off by \(worst) after \(steps) steps")
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

@MainActor @Suite(.serialized, .watchdog, .severalRanks) struct StepVoteTests {
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
