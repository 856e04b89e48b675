import Foundation
import Glibc
import Hashing
import MPI
import System

/// After how long a job that gets no further is spoken of, and ended, in seconds; 0 for never.
package struct StallLimits: Codable, Equatable, Sendable {
  package var warning = 30.0
  package var abort = 300.0

  package init() {}
}

/// What a watchdog says when it ends the job, beside why.
package struct JobWords: Sendable {
  package var advice: @Sendable () -> String

  package init(advice: @escaping @Sendable () -> String) { self.advice = advice }

  /// A run that leaves checkpoints.
  package static let ofTraining = Self { "The run can be resumed from its last checkpoint" }

  /// A command that leaves nothing to go on from.
  package static let ofCommand = Self { "`cnn-mpi doctor` looks at hosts and network" }
}

/// Ends a job in which no rank gets further: where one was stopped, its host is gone or cut off, or a file
/// system hangs, MPI waits for ever.
///
/// A thread of each rank. It never calls MPI while the job is alive: ranks tell rank 0 each second by a
/// datagram what they do, and rank 0 answers. Rank 0 judges; a rank that it does not answer ends by itself.
/// Where datagrams do not get through, each rank goes by its own progress. Datagrams of others have no
/// effect, see `HeartbeatChannel`.
package final class Watchdog: @unchecked Sendable {
  private let world: World
  private let limits: StallLimits
  private let words: JobWords
  /// What goes between ranks; nil where there is no network at all. Only the watchdog's thread uses it and
  /// all that follows.
  private var channel: HeartbeatChannel?
  private var judge: StallJudge
  private var hasWarned = false

  /// The seconds that MPI's own ways of ending a job have: mpirun takes up to 5.
  private static let grace = 6

  /// The seconds that the watchdog has been watching: while the whole job is suspended they stand still.
  private var now = 0.0
  /// The time at which rank 0 last answered, or this rank got further.
  private var lastSign = 0.0

  /// Starts watching until the process ends. Called by all ranks.
  ///
  /// - Throws: on all ranks, when one cannot start its thread; or an `MPIError`.
  package init(_ world: World, _ limits: StallLimits, _ words: JobWords) throws {
    self.world = world
    self.limits = limits
    self.words = words
    judge = StallJudge(hosts: world.hosts)
    let socket = UDPSocket()
    let key = try world.sharedKey()
    let endpoints = try world.communicator.allGather(Endpoint(socket, host: world.hosts[world.rank]).text)
    channel = socket.map { HeartbeatChannel($0, key, rank: world.rank, endpoints.map { Endpoint($0) }) }
    guard world.size > 1, limits.abort > 0 || limits.warning > 0 else { return }
    try world.agree { try NamedThread.start("watchdog") { self.watch() } }
  }

  private func watch() {
    var last = ContinuousClock.now
    while true {
      let own = world.pulse.state
      if !world.isRoot { channel?.send(.beat, to: 0, own) }
      let isAnswered = listen(forSeconds: 1)
      if !world.isRoot && !isAnswered { channel?.lose(0) }
      // A process that was stopped for a while has not been watching.
      now += min((ContinuousClock.now - last).seconds, 2)
      last = .now
      if isAnswered || world.pulse.state.beats != own.beats { lastSign = now }
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
  /// - Returns: whether rank 0 answered.
  private func listen(forSeconds seconds: Double) -> Bool {
    let end = ContinuousClock.now + .seconds(seconds)
    var isAnswered = false
    while case let rest = (end - ContinuousClock.now).seconds, rest > 0 {
      if channel == nil { usleep(UInt32(rest * 1e6)) }
      guard let heartbeat = channel?.receive(within: rest) else { continue }
      switch heartbeat.kind {
      case .beat:
        judge.take(heartbeat.state, of: heartbeat.rank, at: now)
        channel?.send(.answer, to: heartbeat.rank)
      case .answer: isAnswered = true
      case .end: endJob(after: Self.grace)
      }
    }
    return isAnswered
  }

  /// Rank 0 warns of a job that stalls, and ends it in the end.
  private func judgeJob() {
    let stall = judge.stall(at: now)
    if limits.abort > 0, stall >= limits.abort {
      for rank in 1..<world.size { channel?.send(.end, to: rank) }
      endJob(
        "no rank got further for \(Int(stall)) s, which is the limit: the job ends. "
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

  /// Another rank ends where rank 0, which ends the job otherwise, is out of reach itself.
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
          ? "\(missing), which is the limit; this rank was \(world.pulse.state.phase.words) "
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
    pause(seconds)
    do { try endLauncher(after: Self.grace) } catch { say("the launcher may stay: \(error)") }
    // In a thread of its own, as it may well hang: the main thread is inside MPI.
    let world = SendableWorld(world)
    do {
      try NamedThread.start("abort") { world.value.communicator.abort() }
      pause(Self.grace)
    } catch {
      say("no MPI_Abort: \(error)")
    }
    _exit(1)
  }
}

extension World {
  /// A new secret of the job, which MPI alone carries. Called by all ranks.
  fileprivate func sharedKey() throws -> MessageKey {
    var bytes = MessageKey.random().bytes
    var span = bytes.mutableSpan
    try communicator.broadcast(&span)
    return MessageKey(bytes)
  }
}

/// Waits for so many seconds, whatever signals come.
func pause(_ seconds: Int) {
  var rest = UInt32(seconds)
  while rest > 0 { rest = sleep(rest) }
}

/// The world for `MPI_Abort` alone, which another thread calls when nothing else matters any more.
private struct SendableWorld: @unchecked Sendable {
  let value: World

  init(_ world: World) { value = world }
}
