import Parallel
import System

/// Adds up the time that one thread spends in each part of its steps.
///
/// Parts may lie within each other: time goes to the innermost one. What lies outside of all does not count.
package final class StepClock {
  package private(set) var times = StepTimes()
  /// When a part last began or ended.
  private(set) var last = ContinuousClock.now
  private var current: StepPart?
  /// Takes down each stretch of a part by the part's number, for a trace.
  var timeline: Timeline?
  /// Beats when the thread that leads a rank gets further.
  var pulse: Pulse?

  package init() {}

  /// Runs `body`, whose time is that of `part`.
  package func measure<Result>(_ part: StepPart, _ body: () throws -> Result) rethrows -> Result {
    let outer = current
    turn(to: part)
    defer { turn(to: outer) }
    return try body()
  }

  /// Reductions have been under way since the last part began or ended, behind other parts.
  package func addHidden() { times.hidden += (.now - last).seconds }

  private func turn(to part: StepPart?) {
    let now = ContinuousClock.now
    if let current {
      times[current] += (now - last).seconds
      timeline?.add(current.rawValue, from: last, to: now)
      // Not so where the thread only looks whether others have got further.
      if current != .sum && current != .reduce { pulse?.beat() }
    }
    current = part
    last = now
  }
}
