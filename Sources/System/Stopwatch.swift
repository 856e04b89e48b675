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
