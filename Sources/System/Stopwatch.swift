import Glibc

/// Measures time in laps.
package struct Stopwatch: Sendable {
  private var last = ContinuousClock.now

  package init() {}

  /// Seconds since the last lap or the start.
  package mutating func lap() -> Double {
    let now = ContinuousClock.now
    defer { last = now }
    return (now - last).seconds
  }
}

/// Seconds of processor time that all threads of this process have taken, also what the system did for them.
///
/// Corresponds to `clock_gettime` with `CLOCK_PROCESS_CPUTIME_ID`.
package func processorSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
