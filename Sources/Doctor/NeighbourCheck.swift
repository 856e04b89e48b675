import Benchmarks
import Parallel

/// Messages between neighbouring ranks: a bad cable or switch port shows in one pair.
package struct NeighbourCheck: Check {
  package static let name = "neighbours"

  package struct Link: Codable, Equatable {
    package var ranks: [Int]
    package var hosts: [String]
    /// The time of a message of 4 bytes, one way.
    package var latencyMicroseconds: Double
    /// The rate of long messages, one way.
    package var gigabytesPerSecond: Double

    var isBetweenHosts: Bool { hosts[0] != hosts[1] }

    package init(ranks: [Int], hosts: [String], latencyMicroseconds: Double, gigabytesPerSecond: Double) {
      self.ranks = ranks
      self.hosts = hosts
      self.latencyMicroseconds = latencyMicroseconds
      self.gigabytesPerSecond = gigabytesPerSecond
    }
  }

  /// A link is slow that has more than three times the median latency of its kind, or less than half of the
  /// median bandwidth. Distances within a host (caches, sockets) and a network (switches) make a factor of
  /// two.
  static let latencyFactor = 3.0
  static let bandwidthShare = 0.5

  package let links: [Link]
  private let isOversubscribed: Bool

  private enum CodingKeys: CodingKey { case links }

  package init(_ links: [Link], isOversubscribed: Bool) {
    self.links = links
    self.isOversubscribed = isOversubscribed
  }

  init(_ world: World, isOversubscribed: Bool) throws {
    let measured = world.size > 1 ? try LinkMeasurement(world) : nil
    let links = zip(measured?.seconds ?? [], measured?.bandwidths ?? []).enumerated().map { rank, times in
      let ends = [rank, (rank + 1) % world.size]
      return Link(
        ranks: ends, hosts: ends.map { world.hosts[$0] }, latencyMicroseconds: times.0 * 1e6,
        gigabytesPerSecond: times.1 / 1e9)
    }
    self.init(links, isOversubscribed: isOversubscribed)
  }

  package var facts: String {
    guard !links.isEmpty else { return "one rank alone has none" }
    let levels = [("within a host", false), ("between hosts", true)].compactMap { words, between -> String? in
      let level = links.filter { $0.isBetweenHosts == between }
      guard !level.isEmpty else { return nil }
      let latency = Samples(level.map(\.latencyMicroseconds)).median
      let bandwidth = Samples(level.map(\.gigabytesPerSecond)).median
      return "\(words) \(shortTime(latency)), \(threeDigits(bandwidth)) GB/s"
    }
    return levels.joined(separator: "; ")
  }

  package var problems: [Problem] {
    isOversubscribed
      ? [] : [false, true].flatMap { between in slow(links.filter { $0.isBetweenHosts == between }) }
  }

  /// - Parameter level: links of one kind. Fewer than three don't tell which is the odd one.
  private func slow(_ level: [Link]) -> [Problem] {
    guard level.count > 2 else { return [] }
    let latency = Samples(level.map(\.latencyMicroseconds)).median
    let bandwidth = Samples(level.map(\.gigabytesPerSecond)).median
    let slow = level.filter {
      !($0.latencyMicroseconds <= Self.latencyFactor * latency + 5)
        || !($0.gigabytesPerSecond >= Self.bandwidthShare * bandwidth)
    }
    guard let worst = slow.min(by: { $0.gigabytesPerSecond < $1.gigabytesPerSecond }) else { return [] }
    func pair(_ link: Link) -> String {
      "ranks \(link.ranks[0]) and \(link.ranks[1]) ("
        + (link.isBetweenHosts ? "\(link.hosts[0]) to \(link.hosts[1])" : link.hosts[0]) + ")"
    }
    let others = slow.filter { $0 != worst }
    let more =
      others.isEmpty
      ? ""
      : "; also " + others.prefix(3).map(pair).joined(separator: ", ")
        + (others.count > 3 ? " and \(others.count - 3) more pairs" : "")
    return [
      .warning(
        "slow between \(pair(worst)): \(shortTime(worst.latencyMicroseconds)), "
          + "\(threeDigits(worst.gigabytesPerSecond)) GB/s, where others have \(shortTime(latency)), "
          + "\(threeDigits(bandwidth)) GB/s\(more)",
        remedy: worst.isBetweenHosts
          ? "look at the link of \(worst.hosts[1]): ethtool IFACE | grep Speed; ip -s link show IFACE (errors)"
          : "look what else runs on \(worst.hosts[0]), and at its memory: numactl --hardware")
    ]
  }
}
