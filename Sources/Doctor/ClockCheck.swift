import Glibc
import MPI
import Parallel
import Reporting
import Tensors

/// The hosts' clocks show the same time.
package struct ClockCheck: Check {
  package static let name = "clocks"

  package struct Clock: Codable, Equatable {
    package var host: String
    /// Seconds that it is ahead of rank 0's host.
    package var aheadSeconds: Double
    /// The true difference is at most so far from that.
    package var uncertaintySeconds: Double

    package init(host: String, aheadSeconds: Double, uncertaintySeconds: Double) {
      self.host = host
      self.aheadSeconds = aheadSeconds
      self.uncertaintySeconds = uncertaintySeconds
    }
  }

  /// Lines of logs, and files of hosts, cannot be put in order by their time when it is off by more.
  static let largestSkew = 1.0

  /// One host a row; rank 0's is not among them.
  let clocks: [Clock]
  let host: String

  package init(_ clocks: [Clock], host: String) {
    self.clocks = clocks
    self.host = host
  }

  /// Looks at one rank a host.
  init(_ world: World) throws {
    var seen: Set = [world.hosts[0]]
    let others = world.hosts.indices.filter { seen.insert(world.hosts[$0]).inserted }
    let measured = try Self.measure(others, world)
    self.init(
      zip(others, measured).map { rank, clock in
        Clock(host: world.hosts[rank], aheadSeconds: clock.ahead, uncertaintySeconds: clock.uncertainty)
      }, host: world.hosts[0])
  }

  /// Rank 0 asks other ranks for their time, several times each. An answer belongs to a moment between
  /// question and arrival: taken for the middle of both it is wrong by half of their distance at most
  /// (Cristian 1989). The shortest counts.
  ///
  /// - Returns: by other rank, on all ranks.
  package static func measure(_ others: [Int], _ world: World) throws -> [(
    ahead: Double, uncertainty: Double
  )] {
    let message = SharedBuffer<Double>(repeating: 0, count: 1)
    let memory = unsafe message.unsafeMemory
    var requests = RequestSet(capacity: 1)
    func send(to rank: Int) throws {
      try world.communicator.startSend(UnsafeBufferPointer(memory), to: rank, adding: &requests)
      try requests.wait()
    }
    func receive(from rank: Int) throws {
      try world.communicator.startReceive(memory, from: rank, adding: &requests)
      try requests.wait()
    }
    var found = [Double](repeating: 0, count: 2 * others.count)
    for (index, other) in others.enumerated() {
      world.pulse.beat()
      var shortest = Double.infinity
      for _ in 0..<20 {
        if world.isRoot {
          let asked = time()
          try send(to: other)
          try receive(from: other)
          let arrived = time()
          if arrived - asked < shortest {
            shortest = arrived - asked
            found[2 * index] = memory[0] - (asked + arrived) / 2
            found[2 * index + 1] = shortest / 2
          }
        } else if world.rank == other {
          try receive(from: 0)
          memory[0] = time()
          try send(to: 0)
        }
      }
    }
    withExtendedLifetime(message) {}
    var span = found.mutableSpan
    try world.communicator.broadcast(&span)
    return others.indices.map { (found[2 * $0], found[2 * $0 + 1]) }
  }

  /// Seconds since 1970.
  private static func time() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9
  }

  package var facts: String {
    guard let worst = clocks.max(by: { abs($0.aheadSeconds) < abs($1.aheadSeconds) }) else {
      return "one host, one clock"
    }
    return "\(counted(clocks.count + 1, "host")) within \(shortTime(abs(worst.aheadSeconds) * 1e6)) "
      + "(+- \(shortTime(worst.uncertaintySeconds * 1e6)))"
  }

  package var problems: [Problem] {
    // What is certain alone counts.
    let off = clocks.filter { !(abs($0.aheadSeconds) - $0.uncertaintySeconds <= Self.largestSkew) }
    guard let worst = off.max(by: { abs($0.aheadSeconds) < abs($1.aheadSeconds) }) else { return [] }
    let direction = worst.aheadSeconds > 0 ? "ahead of" : "behind"
    let more = off.count == 1 ? "" : " (off too: \(hostList(off.map(\.host).filter { $0 != worst.host })))"
    return [
      .warning(
        "the clock of \(worst.host) is \(shortTime(abs(worst.aheadSeconds) * 1e6)) \(direction) that of \(host)\(more): logs "
          + "of the hosts cannot be put in order, and SLURM's munge refuses messages that seem 5 minutes old",
        remedy: "there: timedatectl set-ntp true, or chronyc makestep; chronyc tracking shows the difference")
    ]
  }
}
