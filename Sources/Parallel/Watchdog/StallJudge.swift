/// Tells from the ranks' heartbeats whether the job gets further, and who holds it up.
///
/// All times are seconds of the watchdog's own clock.
package struct StallJudge {
  private struct Seen {
    var state = Pulse.State()
    /// When the rank was last heard of; nil where it never was.
    var heard: Double?
  }

  /// A rank that says nothing for longer has stopped, or is out of reach. Heartbeats come every second.
  package static let silence = 2.5

  private let hosts: [String]
  private var ranks: [Seen]
  /// The time at which some rank last got further.
  private var lastAdvance = 0.0

  /// - Parameter hosts: the host of each rank, by rank.
  package init(hosts: [String]) {
    self.hosts = hosts
    ranks = hosts.map { _ in Seen() }
  }

  /// Takes down what rank `rank` says of itself.
  package mutating func take(_ state: Pulse.State, of rank: Int, at time: Double) {
    if ranks[rank].heard == nil || ranks[rank].state.beats != state.beats { lastAdvance = time }
    ranks[rank] = Seen(state: state, heard: time)
  }

  /// Seconds in which no rank got further.
  package func stall(at time: Double) -> Double { time - lastAdvance }

  /// Who is missing and who waits, such as `step 12: no word from rank 3 on node4, which was computing step
  /// 12; ranks 0-2 are waiting for the other ranks`.
  package func report(at time: Double) -> String {
    var silent: [String: [Int]] = [:]
    var present: [Phase: [Int]] = [:]
    for (rank, seen) in ranks.enumerated() {
      if let heard = seen.heard, time - heard <= Self.silence {
        present[seen.state.phase, default: []].append(rank)
      } else {
        let last = seen.heard == nil ? "" : ", last \(seen.state.phase.words) in step \(seen.state.step)"
        silent["\(hosts[rank])\(last)", default: []].append(rank)
      }
    }
    let step = ranks.map(\.state.step).max()!
    let missing = silent.sorted { $0.value[0] < $1.value[0] }.map { place, ranks in
      "no word from \(numbered(ranks, "rank")) on \(place)"
    }
    // Those that wait last: they are not the cause.
    let here = present.sorted {
      ($0.key == .waiting ? 1 : 0, $0.value[0]) < ($1.key == .waiting ? 1 : 0, $1.value[0])
    }
    let doing = here.map { phase, ranks in
      let place =
        phase == .waiting ? "" : " on \(Set(ranks.map { hosts[$0] }).sorted().joined(separator: ", "))"
      return "\(numbered(ranks, "rank"))\(place) \(ranks.count == 1 ? "is" : "are") \(phase.words)"
    }
    return "step \(step): " + (missing + doing).joined(separator: "; ")
  }
}
