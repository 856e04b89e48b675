import Synchronization

/// What a rank is doing.
package enum Phase: UInt8, Sendable {
  case starting, loading, computing, waiting, evaluating, comparing, saving, finishing, examining

  /// The words behind "is", as in `rank 3 is computing`.
  package var words: String {
    switch self {
    case .starting: "starting"
    case .loading: "reading model and data"
    case .computing: "computing"
    case .waiting: "waiting for the other ranks"
    case .evaluating: "evaluating"
    case .comparing: "comparing parameters"
    case .saving: "writing a checkpoint"
    case .finishing: "writing results"
    case .examining: "looking at the machine"
    }
  }
}

/// What a rank is doing: told by the thread that does it, looked at by the watchdog's.
///
/// Costs two stores a beat, without locks.
package final class Pulse: Sendable {
  package struct State: Equatable {
    /// How often the rank has got further.
    package var beats: UInt64
    package var phase: Phase
    /// The number of steps begun since the start of training.
    package var step: Int

    package init(beats: UInt64 = 0, phase: Phase = .starting, step: Int = 0) {
      self.beats = beats
      self.phase = phase
      self.step = step
    }
  }

  private let beats = Atomic<UInt64>(0)
  private let phase = Atomic<UInt8>(Phase.starting.rawValue)
  private let step = Atomic<Int>(0)

  package init() {}

  /// Tells that the rank got further. Called by one thread at a time.
  package func beat() { beats.store(beats.load(ordering: .relaxed) &+ 1, ordering: .relaxed) }

  /// Tells that the rank goes over to something else.
  package func enter(_ phase: Phase, step: Int? = nil) {
    if let step { self.step.store(step, ordering: .relaxed) }
    self.phase.store(phase.rawValue, ordering: .relaxed)
    beat()
  }

  var phaseNow: Phase { Phase(rawValue: phase.load(ordering: .relaxed))! }

  package var state: State {
    State(
      beats: beats.load(ordering: .relaxed), phase: phaseNow,
      step: step.load(ordering: .relaxed))
  }
}
