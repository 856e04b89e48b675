import Data
import Doctor
import Networks
import Parallel
import System
import TestSupport
import Testing

/// What the doctor measures between ranks.
@MainActor @Suite(.serialized, .watchdog, .severalRanks) struct DoctorTests {
  private var world: World { Ranks.world }

  /// The ranks are on one host here, with one clock.
  @Test func clocksOfOneHostAgree() throws {
    let others = Array(1..<world.size)
    let clocks = try ClockCheck.measure(others, world)
    try Ranks.expectEverywhere(clocks.count == others.count, "\(clocks)")
    for clock in clocks {
      try Ranks.expectEverywhere(
        abs(clock.ahead) <= clock.uncertainty + 1e-6 && clock.uncertainty > 0 && clock.uncertainty < 1,
        "\(clock)")
    }
  }

  @Test func allRanksLearnOfAllLinks() throws {
    let links = try LinkMeasurement(world)
    let count = LinkMeasurement.count(ranks: world.size)
    try Ranks.expectEverywhere(links.seconds.count == count && links.bandwidths.count == count, "\(links)")
    try Ranks.expectEverywhere(links.seconds.allSatisfy { $0 > 0 && $0 < 1 }, "\(links)")
    try Ranks.expectEverywhere(links.bandwidths.allSatisfy { $0 > 1e6 && $0 < 1e12 }, "\(links)")
  }

  @Test func factsOfAllRanksAreGathered() throws {
    struct Facts: Codable, Equatable { var rank: Int, words: String?, rate: Double }
    func facts(_ rank: Int) -> Facts {
      Facts(rank: rank, words: rank == 1 ? nil : "größer \(rank)", rate: .infinity)
    }
    let all = try ByRank(gathering: facts(world.rank), world)
    try Ranks.expectEverywhere(all.facts == (0..<world.size).map(facts), "\(all.facts)")
  }

  /// A rank whose part of a check throws says so in its report, and all go on together.
  @Test func oneRankWithoutDataHangsNobody() throws {
    let network = try Network(ModelDescription(named: "mnist-small"))
    let check = try withMissingPath { path in
      try DataCheck(
        world.rank == world.size - 1 ? path : "synthetic", read: DataOptions(), for: network, timeout: 30,
        world)
    }
    try Ranks.expectEverywhere(check.ranks.facts.count { $0.error != nil } == 1, "\(check.ranks)")
    try Ranks.expectEverywhere(
      check.problems.count == 1 && check.problems[0].severity == .error, "\(check.problems)")
  }
}
