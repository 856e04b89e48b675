import Parallel
import System
import Tensors

/// How something is timed: so many calls at once, so often.
package struct Timing {
  /// Calls a repetition.
  package let calls: Int
  package let repetitions: Int

  /// Warms up, and finds how many calls take about `target` seconds: doubles their number until they take a
  /// quarter of it.
  ///
  /// - Parameters:
  ///   - atLeast: calls a repetition.
  ///   - measure: the seconds that so many calls take. Where ranks call together it has to give all of them
  ///     the same number, see `World.seconds`.
  package init(
    seconds target: Double, atLeast: Int = 1, repetitions: Int, _ measure: (_ count: Int) throws -> Double
  ) rethrows {
    var count = 1
    var seconds = try measure(count)
    // The first call finds its memory and code in no cache: another one tells more, unless it takes too long.
    if seconds < target { seconds = try measure(count) }
    while seconds < target / 4 {
      count *= 2
      seconds = try measure(count)
    }
    calls = max(atLeast, Int((target / seconds * Double(count)).rounded(.up)))
    self.repetitions = repetitions
  }

  /// Seconds a call, in each repetition.
  package func run(_ measure: (_ count: Int) throws -> Double) rethrows -> Samples {
    try Samples((0..<repetitions).map { _ in try measure(calls) / Double(calls) })
  }
}

/// Seconds that `count` calls take.
package func seconds(of count: Int, _ call: () throws -> Void) rethrows -> Double {
  var stopwatch = Stopwatch()
  for _ in 0..<count { try call() }
  return stopwatch.lap()
}

extension World {
  /// Seconds that `count` calls in which all ranks take part need, from a common start to the slowest rank's
  /// end: the same number on all ranks.
  package func seconds(of count: Int, _ call: () throws -> Void) throws -> Double {
    try communicator.barrier()
    var stopwatch = Stopwatch()
    for _ in 0..<count { try call() }
    return try communicator.allReduce(stopwatch.lap(), .maximum)
  }

  /// The mean over the ranks.
  func mean(_ value: Double) throws -> Double { try communicator.allReduce(value, .sum) / Double(size) }
}
