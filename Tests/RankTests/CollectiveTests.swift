import MPI
import Parallel
import Tensors
import Testing

/// Each collective against its closed form, for sizes 0, 1, odd and large, also in pieces.
@MainActor @Suite(.serialized, .watchdog, .severalRanks) struct CollectiveTests {
  nonisolated static let sizes = [0, 1, 7, 1000, 1_000_003]

  private var world: World { Ranks.world }
  private var size: Int { world.size }

  @Test func rankIsInRange() throws {
    let ranks = try world.communicator.allGather(world.rank)
    try Ranks.expectEverywhere(ranks == Array(0..<size), "ranks \(ranks)")
    try Ranks.expectEverywhere(world.hosts.count == size && !world.hosts[0].isEmpty, "hosts \(world.hosts)")
    try Ranks.expectEverywhere(!world.cores[world.rank].isEmpty && world.threadsPerRank >= 1, "cores")
  }

  @Test(arguments: sizes)
  func allReduceSums(count: Int) throws {
    var values = (0..<count).map { Float($0 % 100 + world.rank) }
    var span = values.mutableSpan
    try world.communicator.allReduce(&span, .sum)
    let expected = (0..<count).map { Float($0 % 100 * size + size * (size - 1) / 2) }
    try Ranks.expectEverywhere(values == expected, "sum of \(count)")
  }

  @Test func allReduceKnowsMinimumAndMaximum() throws {
    let communicator = try world.communicator.duplicate()
    let largest = try communicator.allReduce(Double(world.rank) + 0.5, .maximum)
    let smallest = try communicator.allReduce(Int32(world.rank) - 5, .minimum)
    try Ranks.expectEverywhere(largest == Double(size) - 0.5 && smallest == -5, "\(largest), \(smallest)")
    let counter = try communicator.allReduce(UInt64(1) << 40, .sum)
    try Ranks.expectEverywhere(counter == UInt64(size) << 40, "\(counter)")
  }

  @Test(arguments: sizes)
  func broadcastCopiesTheRootsValues(count: Int) throws {
    for root in 0..<size {
      var values = (0..<count).map { Int32($0 &* (world.rank + 1)) }
      var span = values.mutableSpan
      try world.communicator.broadcast(&span, from: root)
      try Ranks.expectEverywhere(
        values == (0..<count).map { Int32($0 &* (root + 1)) }, "\(count) from \(root)")
    }
  }

  @Test func broadcastCopiesTexts() throws {
    for text in ["", "x", "größer als zuvor"] {
      let received = try world.communicator.broadcast(world.rank == size - 1 ? text : "other", from: size - 1)
      try Ranks.expectEverywhere(received == text, received)
    }
  }

  @Test func allGatherTakesTextsOfAllLengths() throws {
    let texts = try world.communicator.allGather(String(repeating: "ä", count: world.rank))
    try Ranks.expectEverywhere(texts == (0..<size).map { String(repeating: "ä", count: $0) }, "\(texts)")
  }

  @Test(arguments: [0, 1, 5, 1001])
  func allGatherCompletesTables(rows: Int) throws {
    let width = 3
    let shares = (0..<size).map { shard(of: rows, $0, of: size) }
    var table = [UInt8](repeating: 0, count: rows * width)
    for row in shares[world.rank] {
      for column in 0..<width { table[row * width + column] = UInt8((row * 7 + column) % 251) }
    }
    var span = table.mutableSpan
    try world.communicator.allGather(rowsOf: &span, rowCount: width, shares: shares)
    let expected = (0..<rows * width).map { UInt8(($0 / width * 7 + $0 % width) % 251) }
    try Ranks.expectEverywhere(table == expected, "\(rows) rows")
  }

  /// Counts beyond C's int are sent in pieces: the same code with a small limit.
  @Test func piecesMakeNoDifference() throws {
    var communicator = try world.communicator.duplicate()
    communicator.maximumCount = 10
    for count in [0, 9, 10, 11, 30, 31] {
      var values = (0..<count).map { Double($0 + world.rank) }
      var span = values.mutableSpan
      try communicator.allReduce(&span, .sum)
      try Ranks.expectEverywhere(
        values == (0..<count).map { Double($0 * size + size * (size - 1) / 2) }, "reduce \(count)")
      var copies = (0..<count).map { Double($0 * world.rank) }
      var copySpan = copies.mutableSpan
      try communicator.broadcast(&copySpan, from: size - 1)
      try Ranks.expectEverywhere(copies == (0..<count).map { Double($0 * (size - 1)) }, "broadcast \(count)")
    }
  }

  @Test(arguments: sizes)
  func nonBlockingReductionsComplete(count: Int) throws {
    let buffers = (0..<3).map { SharedBuffer<Float>(repeating: Float($0 + world.rank), count: count) }
    var requests = RequestSet(capacity: 3)
    for buffer in buffers {
      try world.communicator.startAllReduce(buffer.unsafeMemory, .sum, adding: &requests)
    }
    var polls = 0
    while try !requests.test() && polls < 5 { polls += 1 }
    try requests.wait()
    let isEmpty = requests.isEmpty
    let isRight = buffers.enumerated().allSatisfy { number, buffer in
      buffer.unsafeMemory.allSatisfy { $0 == Float(number * size + size * (size - 1) / 2) }
    }
    try Ranks.expectEverywhere(isEmpty && isRight, "\(count) numbers")
  }

  @Test func barrierReturns() throws { for _ in 0..<10 { try world.communicator.barrier() } }

  @Test func mpiErrorsAreThrownWithTheirText() throws {
    var values: [Float] = [1]
    var span = values.mutableSpan
    let thrown: MPIError?
    do {
      try world.communicator.broadcast(&span, from: 99)
      thrown = nil
    } catch { thrown = error }
    let text = thrown?.description ?? ""
    try Ranks.expectEverywhere(
      text.hasPrefix("MPI_Bcast failed: MPI_ERR_ROOT: invalid root") && thrown?.code != 0, text)
  }

  @Test func aRankCanBeAlone() throws {
    let alone = try MPIRuntime.alone()
    let sum = try alone.allReduce(7, .sum)
    try Ranks.expectEverywhere(alone.size == 1 && alone.rank == 0 && sum == 7, "\(sum)")
  }
}
