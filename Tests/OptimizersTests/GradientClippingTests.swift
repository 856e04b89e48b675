import Optimizers
import Tensors
import TestSupport
import Testing

@Suite struct GradientClippingTests {
  private func clip(_ gradients: [Float], _ maximum: Double) -> (norm: Double, gradients: [Float]) {
    var gradients = gradients
    var span = gradients.mutableSpan
    let norm = clipGradients(&span, toNorm: maximum)
    return (norm, gradients)
  }

  @Test func isThatOfPyTorch() {
    for golden in ClippingGolden.cases {
      let (norm, clipped) = clip(ClippingGolden.gradients, golden.maximum)
      #expect(abs(norm - golden.norm) < 1e-6)
      expectClose(clipped, golden.clipped, tolerance: 1e-7, "clipped to \(golden.maximum)")
    }
    #expect(clip(ClippingGolden.gradients, 100).gradients == ClippingGolden.gradients)
  }

  /// All lengths of blocks, and what is left of them.
  @Test(arguments: [0, 1, 63, 64, 65, 1023, 1024, 1025, 3000, 225_152])
  func normIsTheRootOfAllSquares(count: Int) {
    let numbers = randomNumbers(count, seed: 5)
    let expected = numbers.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    #expect(abs(euclideanNorm(numbers.span) - expected) <= 1e-6 * expected)
  }

  @Test func everyGradientCounts() {
    for place in [0, 17, 63, 64, 1023, 1024, 1100, 1199] {
      var numbers = [Float](repeating: 0, count: 1200)
      numbers[place] = -3
      #expect(euclideanNorm(numbers.span) == 3, "place \(place)")
    }
  }

  /// A norm that is no number must not pass for a small one.
  @Test func gradientsThatAreNoNumbersAreSeen() {
    let (norm, clipped) = clip([1, .nan, 2], 10)
    #expect(norm.isNaN && clipped.allSatisfy { $0.isNaN })
    #expect(clip([1, .infinity], 10).norm == .infinity)
  }
}
