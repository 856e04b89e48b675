import TestSupport
import Testing

/// The tests' own comparisons notice what they are for.
@Suite struct ComparisonTests {
  @Test func numbersAreComparedByTheirOwnScale() {
    expectClose([1e-6, 3e-6], [1e-6, 3e-6], tolerance: 1e-6, "small")
    expectClose([0, 0], [0, 0], tolerance: 0, "zero")
    for (actual, expected) in [
      ([1.1e-6], [1e-6]), ([1e-30], [0]), ([.nan], [1]), ([1, 1], [1]), ([], [1]),
    ] as [([Float], [Double])] {
      withKnownIssue { expectClose(actual, expected, tolerance: 1e-2, "different") }
      withKnownIssue { expectRelative(actual, expected, tolerance: 1e-2, "different") }
    }
  }
}
