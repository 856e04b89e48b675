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
    var reducer = GradientReducer(world, gradients, bucketBytes: bucketBytes)
    for step in 1...2 {
      for index in 0..<count { gradients.unsafeMemory[index] = .nan }
      var complete = count
      while complete > 0 {
        let next = max(complete - 77, 0)
        for index in next..<complete { gradients.unsafeMemory[index] = Float(index * step + world.rank) }
        complete = next
        try reducer.advance(to: complete)
      }
      try reducer.finish()
      let size = world.size
      let isRight = (0..<count).allSatisfy {
        gradients.unsafeMemory[$0] == Float($0 * step * size + size * (size - 1) / 2)
      }
      try Ranks.expectEverywhere(isRight, "\(count) gradients in buckets of \(bucketBytes) bytes")
    }
    let waited = reducer.secondsWaited
    try Ranks.expectEverywhere(waited >= 0 && (world.size > 1 || waited < 0.01), "waited \(waited)")
  }
}
