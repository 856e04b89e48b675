import Engine
import Models
import Parallel
import Reporting

/// Where the training time of an epoch went, on each rank.
struct RankTimes {
  /// On this rank.
  let own: StepTimes
  /// By rank, with their hosts; empty unless they are to be shown.
  private let ranks: [(host: String, times: StepTimes)]

  /// More ranks than these are told about by those that compute longest and shortest.
  private static let shownRanks = 16

  /// Called by all ranks.
  ///
  /// - Parameter own: the times of this rank.
  init(_ own: StepTimes, _ verbosity: Verbosity, _ world: World) throws {
    self.own = own
    guard verbosity == .verbose else {
      ranks = []
      return
    }
    var all = [StepTimes](repeating: StepTimes(), count: world.size)
    for part in StepPart.allCases {
      for (rank, seconds) in try world.communicator.allGather(own[part]).enumerated() {
        all[rank][part] = seconds
      }
    }
    ranks = Array(zip(world.hosts, all))
  }

  /// A line a rank.
  ///
  /// - Parameter seconds: the epoch's training time.
  func lines(seconds: Double) -> [String] {
    var shown = Array(ranks.indices)
    if shown.count > Self.shownRanks {
      let byCompute = shown.sorted { ranks[$0].times.compute > ranks[$1].times.compute }
      shown = [byCompute.first!, byCompute.last!]
    }
    return shown.map { rank in
      "  rank \(rank) on \(ranks[rank].host): \(ranks[rank].times.shares(of: seconds).words)"
    }
  }
}
