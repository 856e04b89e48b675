import Tensors
import TestSupport
import Testing

@Suite struct SquaredNormTests {
  @Test(arguments: [0, 1, 15, 16, 17, 1000, 100_003])
  func isTheSumOfTheSquares(count: Int) {
    var stream = RandomStream(seed: 5, purpose: .initialization, index: count)
    let values = (0..<count).map { _ in Float(stream.uniform()) - 0.5 }
    let expected = values.reduce(0.0) { $0 + Double($1) * Double($1) }
    let norm = squaredNorm(values.span)
    #expect(abs(norm - expected) <= 1e-12 * expected, "\(norm), expected \(expected)")
  }

  /// Where floats overflow or vanish, doubles do not.
  @Test func squaresAreTakenInDoublePrecision() {
    #expect(squaredNorm([1e30, 1e30].span) > 1.9e60 && squaredNorm([1e-30].span) > 0)
    #expect(squaredNorm([1, .nan].span).isNaN && squaredNorm([-.infinity].span) == .infinity)
  }
}
