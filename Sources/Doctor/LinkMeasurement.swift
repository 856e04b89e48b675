import MPI
import Parallel
import System
import Tensors

/// Messages there and back between neighbours: rank i and rank i + 1, and the last and the first. Many pairs
/// measure at the same time, as in a ring allreduce; no rank is in two at once.
package struct LinkMeasurement {
  /// Seconds of a message one way, for each link; the link of number i is that of ranks i and (i + 1) mod P.
  package private(set) var seconds: [Double]
  /// Bytes a second one way.
  package private(set) var bandwidths: [Double]

  /// Number of links of P ranks.
  package static func count(ranks: Int) -> Int { ranks < 3 ? ranks - 1 : ranks }

  /// Links that are measured at the same time: even and odd ones, and for an odd number of ranks the last by
  /// itself.
  package static func phase(ofLink link: Int, ranks: Int) -> Int {
    ranks % 2 == 1 && link == ranks - 1 ? 2 : link % 2
  }

  package init(_ world: World) throws {
    let count = Self.count(ranks: world.size)
    var own = (seconds: 0.0, bandwidth: 0.0)
    for phase in 0..<3 {
      let links = (0..<count).filter { Self.phase(ofLink: $0, ranks: world.size) == phase }
      guard !links.isEmpty else { continue }
      let link = links.first { $0 == world.rank || ($0 + 1) % world.size == world.rank }
      let end = link.map {
        PingPong(world, with: $0 == world.rank ? ($0 + 1) % world.size : $0, isFirst: $0 == world.rank)
      }
      let seconds = try Self.oneWay(world, end, bytes: 4, target: 0.02, limit: 2000)
      // On a slow network a smaller message has to do.
      let brief = try Self.oneWay(world, end, bytes: 65_536, target: 0, limit: 1)
      let slowest = try world.communicator.allReduce(brief, .maximum)
      let bytes = slowest * 16 < 0.05 ? PingPong.capacity : 65_536
      let long = try Self.oneWay(world, end, bytes: bytes, target: 0.03, limit: 50)
      if let link, link == world.rank { own = (seconds, Double(bytes) / long) }
    }
    self.seconds = Array(try world.communicator.allGather(own.seconds).prefix(count))
    bandwidths = Array(try world.communicator.allGather(own.bandwidth).prefix(count))
  }

  /// Seconds that a message takes one way, the best of five measurements of at least `target` seconds each,
  /// or of `limit` messages. Called by all ranks, with nil by those that are in no pair.
  private static func oneWay(
    _ world: World, _ end: PingPong?, bytes: Int, target: Double, limit: Int
  ) throws -> Double {
    func seconds(_ count: Int) throws -> Double {
      world.pulse.beat()
      try world.communicator.barrier()
      var watch = Stopwatch()
      try end?.run(bytes: bytes, count: count)
      return watch.lap() / Double(2 * count)
    }
    _ = try seconds(1)  // Connects.
    let slowest = try world.communicator.allReduce(seconds(min(3, limit)), .maximum)
    let count = min(limit, max(1, Int(target / (2 * slowest))))
    var best = Double.infinity
    for _ in 0..<5 { best = min(best, try seconds(count)) }
    return best
  }
}

/// One end of messages that go back and forth between two ranks.
private final class PingPong {
  /// Bytes of the longest message.
  static let capacity = 1 << 20

  private let world: World
  private let other: Int
  private let isFirst: Bool
  private let memory = SharedBuffer<UInt8>(repeating: 0, count: capacity)

  init(_ world: World, with other: Int, isFirst: Bool) {
    self.world = world
    self.other = other
    self.isFirst = isFirst
  }

  func run(bytes: Int, count: Int) throws {
    let part = unsafe UnsafeMutableBufferPointer(rebasing: memory.unsafeMemory[0..<bytes])
    var requests = RequestSet(capacity: 1)
    for turn in 0..<2 * count {
      if (turn % 2 == 0) == isFirst {
        try world.communicator.startSend(UnsafeBufferPointer(part), to: other, adding: &requests)
      } else {
        try world.communicator.startReceive(part, from: other, adding: &requests)
      }
      try requests.wait()
    }
  }
}
