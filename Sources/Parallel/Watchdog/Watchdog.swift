import Foundation
import Glibc
import MPI
import System

/// After how long a job that gets no further is spoken of, and ended, in seconds; 0 for never.
package struct StallLimits: Codable, Equatable, Sendable {
  package var warning = 30.0
  package var abort = 300.0

  package init() {}
}

/// What a watchdog says of the job.
package struct JobWords: Sendable {
  /// The option that sets when the job ends.
  package var option = "--stall-abort"
  /// What else is to be known when it does.
  package var advice: @Sendable () -> String = { "To go on from the last checkpoint: --resume" }

  package init() {}

  /// For commands that have their limits from here and leave nothing to go on from.
  package static var withoutOptions: Self {
    var words = Self()
    words.option = "this command"
    words.advice = { "`cnn-mpi doctor` looks at hosts and network" }
    return words
  }
}

/// Ends a job in which no rank gets further: where one was stopped, its host is gone or cut off, or a file
/// system hangs, MPI waits for ever.
///
/// A thread of each rank. It never calls MPI while the job is alive: ranks tell rank 0 each second by a
/// datagram what they do, and rank 0 answers. Rank 0 judges; a rank that it does not answer ends by itself.
/// Where datagrams do not get through, each rank goes by its own progress.
package final class Watchdog: @unchecked Sendable {
  private let world: World
  private let limits: StallLimits
  private let words: JobWords
  private let token: UInt64
  /// Where rank 0 may be reached.
  private let root: [UDPSocket.Address]
  /// Used by the watchdog's thread alone, as all that follows.
  private let socket: UDPSocket?
  private var judge: StallJudge
  /// The others' addresses, as rank 0 learns them, by rank.
  private var others: [Int: UDPSocket.Address] = [:]
  private var hasWarned = false

  /// Seconds that MPI's own ways of ending a job have: mpirun takes up to 5.
  private static let grace = 6

  /// Seconds that the watchdog has been watching: while the whole job is suspended they stand still.
  private var now = 0.0
  /// When rank 0 last answered, or this rank got further.
  private var lastSign = 0.0

  /// Starts watching until the process ends. Called by all ranks.
  ///
  /// - Throws: on all ranks, when one cannot start its thread; or an `MPIError`.
  package init(_ world: World, _ limits: StallLimits, _ words: JobWords = JobWords()) throws {
    self.world = world
    self.limits = limits
    self.words = words
    judge = StallJudge(hosts: world.hosts)
    socket = UDPSocket()
    token = UInt64(try world.communicator.broadcast(String(UInt64.random(in: 0 ... .max))))!
    let port = socket?.port ?? 0
    let own = UDPSocket.ownHosts().map { UDPSocket.Address(host: $0, port: port).text }
    root = try world.communicator.broadcast(own.joined(separator: " ")).split(separator: " ").compactMap {
      UDPSocket.Address($0)
    }
    guard world.size > 1, limits.abort > 0 || limits.warning > 0 else { return }
    try world.agree { try NamedThread.start("watchdog") { self.watch() } }
  }

  private func watch() {
    var last = ContinuousClock.now
    var reached: UDPSocket.Address?
    while true {
      let own = world.pulse.state
      if !world.isRoot {
        let beat = Heartbeat(.beat, rank: world.rank, state: own).bytes(token: token)
        for address in reached.map({ [$0] }) ?? root { socket?.send(beat, to: address) }
      }
      let answered = listen(forSeconds: 1)
      if let answered { reached = answered } else if !world.isRoot { reached = nil }
      // A process that was stopped for a while has not been watching.
      now += min((ContinuousClock.now - last).seconds, 2)
      last = .now
      if answered != nil || world.pulse.state.beats != own.beats { lastSign = now }
      if world.isRoot {
        judge.take(world.pulse.state, of: 0, at: now)
        judgeJob()
      } else {
        judgeOwn()
      }
    }
  }

  /// Takes datagrams for so many seconds.
  ///
  /// - Returns: where rank 0 answered from.
  private func listen(forSeconds seconds: Double) -> UDPSocket.Address? {
    let end = ContinuousClock.now + .seconds(seconds)
    var answered: UDPSocket.Address?
    while case let rest = (end - ContinuousClock.now).seconds, rest > 0 {
      guard let (bytes, address) = socket?.receive(within: rest, atMost: 2 * Heartbeat.size) else {
        if socket == nil { usleep(UInt32(rest * 1e6)) }
        continue
      }
      guard let heartbeat = Heartbeat(bytes, token: token), heartbeat.rank < world.size else { continue }
      switch heartbeat.kind {
      case .beat where world.isRoot:
        judge.take(heartbeat.state, of: heartbeat.rank, at: now)
        others[heartbeat.rank] = address
        socket?.send(Heartbeat(.answer, rank: world.rank).bytes(token: token), to: address)
      case .answer where heartbeat.rank == 0: answered = address
      case .end where heartbeat.rank == 0: endJob(after: Self.grace)
      default: break  // a datagram that went astray
      }
    }
    return answered
  }

  /// On rank 0.
  private func judgeJob() {
    let stall = judge.stall(at: now)
    if limits.abort > 0, stall >= limits.abort {
      let end = Heartbeat(.end, rank: 0).bytes(token: token)
      for address in others.values { socket?.send(end, to: address) }
      endJob(
        "no rank got further for \(Int(stall)) s, which \(words.option) takes for the end. "
          + "\(judge.report(at: now)). \(words.advice())")
    } else if limits.warning > 0, stall >= limits.warning, !hasWarned {
      hasWarned = true
      let end = limits.abort > 0 ? " (after \(Int(min(limits.abort, 1e9))) s the job ends)" : ""
      say("warning: no rank got further for \(Int(stall)) s\(end). \(judge.report(at: now))")
    } else if hasWarned, stall < limits.warning {
      hasWarned = false
      say("the job goes on")
    }
  }

  /// On another rank: rank 0 ends the job, unless it is out of reach itself.
  private func judgeOwn() {
    let silence = now - lastSign
    // One rank a host speaks.
    let speaks =
      world.hosts.indices.dropFirst().first { world.hosts[$0] == world.hosts[world.rank] } == world.rank
    let missing = "no word from rank 0 on \(world.hosts[0]) for \(Int(silence)) s"
    // Rank 0 goes first where it can, then those that say why.
    if limits.abort > 0, silence >= limits.abort + (speaks ? 2 : 4) {
      endJob(
        speaks
          ? "\(missing), which \(words.option) takes for the end; this rank was \(world.pulse.state.phase.words) "
            + "in step \(world.pulse.state.step). \(words.advice())" : nil)
    } else if limits.warning > 0, silence >= limits.warning + 2, !hasWarned, speaks {
      hasWarned = true
      say(
        "warning: \(missing); this rank is \(world.pulse.state.phase.words) in step \(world.pulse.state.step)"
      )
    } else if silence < limits.warning {
      hasWarned = false
    }
  }

  private func say(_ text: String) { world.communicator.say(text) }

  /// Ends this process, and with it the job, whatever state MPI and its launcher are in.
  ///
  /// - Parameter seconds: that the launcher has before.
  private func endJob(_ message: String? = nil, after seconds: Int = 0) -> Never {
    if let message { say(message) }
    sleep(UInt32(seconds))
    do { try endLauncher(after: Self.grace) } catch { say("the launcher may stay: \(error)") }
    // In a thread of its own, as it may well hang: the main thread is inside MPI.
    let world = SendableWorld(world)
    do {
      try NamedThread.start("abort") { world.value.communicator.abort() }
      sleep(UInt32(Self.grace))
    } catch {
      say("no MPI_Abort: \(error)")
    }
    _exit(1)
  }
}

/// For `MPI_Abort` alone, which is called when nothing else matters any more.
private struct SendableWorld: @unchecked Sendable {
  let value: World

  init(_ world: World) { value = world }
}
