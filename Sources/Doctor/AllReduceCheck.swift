import Benchmarks
import MPI
import Parallel
import Reporting
import Tensors

/// How long a sum over all ranks takes.
package struct AllReduceCheck: Check {
  package static let name = "allreduce"

  package struct Size: Codable, Equatable {
    package var bytes: Int
    package var microseconds: Double

    package init(bytes: Int, microseconds: Double) {
      self.bytes = bytes
      self.microseconds = microseconds
    }
  }

  /// 4 B to 4 MiB.
  package static let allSizes = [4, 256, 4096, 65_536, 1 << 20, 1 << 22]

  /// A sum of 4 bytes takes log2 P messages one after the other. Ethernet with all its software needs less
  /// than 0.1 ms for one.
  static let slowLatencyMicroseconds = 1000.0

  let ranks: Int
  /// Fewer than `allSizes` on a slow network.
  let sizes: [Size]
  package let latencyMicroseconds: Double?
  package let bandwidthGigabytesPerSecond: Double?
  private let isOversubscribed: Bool

  private enum CodingKeys: CodingKey { case ranks, sizes, latencyMicroseconds, bandwidthGigabytesPerSecond }

  /// - Parameter sizes: none for one rank alone, or at least two.
  package init(ranks: Int, sizes: [Size], isOversubscribed: Bool) {
    self.ranks = ranks
    self.sizes = sizes
    self.isOversubscribed = isOversubscribed
    let line =
      sizes.isEmpty ? nil : LatencyBandwidth(fitting: sizes.map { ($0.bytes, $0.microseconds * 1e-6) })
    latencyMicroseconds = line.map { $0.latency * 1e6 }
    bandwidthGigabytesPerSecond = line?.bandwidth.map { $0 / 1e9 }
  }

  init(_ world: World, isOversubscribed: Bool) throws {
    self.init(
      ranks: world.size, sizes: world.size == 1 ? [] : try Self.measure(world, seconds: 2),
      isOversubscribed: isOversubscribed)
  }

  /// Measures the sizes in ascending order, until `limit` seconds are over; at least two.
  private static func measure(_ world: World, seconds limit: Double) throws -> [Size] {
    let memory = SharedBuffer<Float>(repeating: 0, count: allSizes.last! / MemoryLayout<Float>.stride)
    var sizes: [Size] = []
    // The same on all ranks, and so is what follows from it.
    var spent = 0.0
    for bytes in allSizes where sizes.count < 2 || spent < limit {
      func measure(_ count: Int) throws -> Double {
        world.pulse.beat()
        let seconds = try world.seconds(of: count) {
          var values = memory.mutableSpan(first: bytes / MemoryLayout<Float>.stride)
          try world.communicator.allReduce(&values, .sum)
        }
        spent += seconds
        return seconds
      }
      let times = try Timing(seconds: 0.01, repetitions: 7, measure).run(measure)
      sizes.append(Size(bytes: bytes, microseconds: times.median * 1e6))
    }
    return sizes
  }

  package var facts: String {
    guard let first = sizes.first, let last = sizes.last else { return "one rank alone sends nothing" }
    let rate = Double(last.bytes) / last.microseconds / 1e3
    return
      "\(bytes(Double(first.bytes))) in \(shortTime(first.microseconds)), \(bytes(Double(last.bytes))) in "
      + "\(shortTime(last.microseconds)) (\(threeDigits(rate)) GB/s), \(counted(ranks, "rank"))"
  }

  package var problems: [Problem] {
    var messages = 1
    while 1 << messages < ranks { messages += 1 }
    let limit = Self.slowLatencyMicroseconds * Double(messages)
    guard !isOversubscribed, let first = sizes.first, first.microseconds > limit else { return [] }
    return [
      .warning(
        "a sum of \(first.bytes) B over all ranks takes \(shortTime(first.microseconds)), more than any network "
          + "should need: messages may take a wrong way, or something else keeps the cores busy",
        remedy: "name the network: mpirun --mca btl_tcp_if_include IFACE (`ip -brief address` lists them)")
    ]
  }
}
