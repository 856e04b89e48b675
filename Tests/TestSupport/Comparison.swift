import Testing

/// Expects `actual` to agree with `expected` within `tolerance` times the largest expected magnitude.
///
/// Reports the first wrong index and the largest difference. NaN never agrees.
package func expectClose(
  _ actual: [Float], _ expected: [Double], tolerance: Double, _ what: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard actual.count == expected.count else {
    Issue.record(
      "\(what): \(actual.count) numbers, expected \(expected.count)", sourceLocation: sourceLocation)
    return
  }
  let scale = expected.reduce(0) { max($0, abs($1)) }
  var largest = (difference: 0.0, index: -1)
  for (index, (a, e)) in zip(actual, expected).enumerated() {
    let difference = abs(Double(a) - e)
    if !(difference <= largest.difference) { largest = (difference, index) }
    if difference.isNaN { break }
  }
  if !(largest.difference <= tolerance * scale) {
    let index = largest.index
    Issue.record(
      """
      \(what): differs by \(largest.difference / scale) of \(scale) at \(index): \(actual[index]), \
      expected \(expected[index]), tolerance \(tolerance)
      """, sourceLocation: sourceLocation)
  }
}

/// The gradient of `function` at `point` by central differences.
package func centralDifferences(
  at point: [Double], step: Double = 1e-5, _ function: ([Double]) -> Double
) -> [Double] {
  var point = point
  return point.indices.map { index in
    let value = point[index]
    point[index] = value + step
    let above = function(point)
    point[index] = value - step
    let below = function(point)
    point[index] = value
    return (above - below) / (2 * step)
  }
}

/// sum a_i b_i
package func dot(_ a: [Double], _ b: [Double]) -> Double {
  precondition(a.count == b.count, "dot of \(a.count) and \(b.count) numbers")
  return zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
}

/// Expects `actual` to agree with `expected` within `tolerance` times the root mean square of the expected
/// numbers, in every place.
package func expectRelative(
  _ actual: [Float], _ expected: [Double], tolerance: Double, _ what: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard actual.count == expected.count, !expected.isEmpty else {
    Issue.record(
      "\(what): \(actual.count) numbers, expected \(expected.count)", sourceLocation: sourceLocation)
    return
  }
  let scale = (dot(expected, expected) / Double(expected.count)).squareRoot()
  for (index, (a, e)) in zip(actual, expected).enumerated() where !(abs(Double(a) - e) <= tolerance * scale) {
    Issue.record(
      "\(what): \(a) at \(index), expected \(e), tolerance \(tolerance * scale)",
      sourceLocation: sourceLocation)
    return
  }
}

extension Collection<Float> {
  package var doubles: [Double] { map(Double.init) }
}
