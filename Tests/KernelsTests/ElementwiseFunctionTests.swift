import Foundation
import Kernels
import Tensors
import TestSupport
import Testing

@Suite struct ElementwiseFunctionTests {
  static let functions: [ElementwiseFunction] =
    Activation.allCases.map { .activation($0) } + [
      .leakyReLU(slope: 0.01), .leakyReLU(slope: -0.5), .leakyReLU(slope: 2), .sigmoid, .silu,
    ]

  /// The function by its definition, in double precision.
  private func twin(_ function: ElementwiseFunction, _ x: Double) -> Double {
    switch function {
    case .activation(let activation): naive(activation, [x])[0]
    case .leakyReLU(let slope): x > 0 ? x : Double(slope) * x
    case .sigmoid: 1 / (1 + exp(-x))
    case .silu: x / (1 + exp(-x))
    }
  }

  private func run(
    _ function: ElementwiseFunction, _ x: [Float], dY: [Float]
  ) -> (y: [Float], dX: [Float]) {
    var (y, dX) = ([Float](repeating: .nan, count: x.count), [Float](repeating: .nan, count: x.count))
    do {
      var ySpan = y.mutableSpan
      function.forward(x.span, into: &ySpan)
      var dXSpan = dX.mutableSpan
      function.backward(x.span, y: ySpan.span, dY: dY.span, into: &dXSpan)
    }
    return (y, dX)
  }

  @Test(arguments: functions, [1, 15, 16, 17, 101])
  func agreesWithDefinition(_ function: ElementwiseFunction, count: Int) {
    let x = randomNumbers(count, seed: 1).map { 9 * $0 }
    let dY = randomNumbers(count, seed: 2)
    let (y, dX) = run(function, x, dY: dY)
    expectClose(y, x.map { twin(function, Double($0)) }, tolerance: 3e-7, "y")
    let differences = centralDifferences(at: x.doubles) { point in
      dot(point.map { twin(function, $0) }, dY.doubles)
    }
    // A sigmoid's slope, y (1 - y), loses digits where y is near 1, as in PyTorch.
    expectClose(dX, differences, tolerance: 3e-5, "dX")
  }

  /// Forward and backward against PyTorch, whole numbers, zero and what is not finite included.
  @Test(.enabled(if: Python.isThere, Comment(rawValue: Python.hint)))
  func agreesWithPyTorch() throws {
    let lines = try pyTorchLines(
      """
      x = torch.tensor([i / 8 for i in range(-200, 201)] + [-float("inf"), float("inf"), float("nan"), 1e-30])
      dY = (torch.arange(len(x)) * 37 % 101 - 50) / 8
      for f in [
          F.relu, F.relu6, lambda x: F.leaky_relu(x, 0.01), lambda x: F.leaky_relu(x, -0.5), torch.sigmoid,
          F.silu,
      ]:
          a = x.clone().requires_grad_()
          y = f(a)
          y.backward(dY)
          show(y, a.grad)
      """)
    let x = (-200...200).map { Float($0) / 8 } + [-.infinity, .infinity, .nan, 1e-30]
    let dY = x.indices.map { Float($0 * 37 % 101 - 50) / 8 }
    let functions: [ElementwiseFunction] = [
      .activation(.relu), .activation(.relu6), .leakyReLU(slope: 0.01), .leakyReLU(slope: -0.5), .sigmoid,
      .silu,
    ]
    try #require(lines.count == 2 * functions.count)
    for (index, function) in functions.enumerated() {
      let (y, dX) = run(function, x, dY: dY)
      expectAlike(y, lines[2 * index], "y of \(function)", x)
      expectAlike(dX, lines[2 * index + 1], "dX of \(function)", x)
    }
  }

  /// Expects the same infinities and NaNs, and all else within a few units in the last place.
  private func expectAlike(_ actual: [Float], _ expected: [Double], _ what: String, _ x: [Float]) {
    #expect(actual.count == expected.count)
    for index in expected.indices {
      let (a, e) = (Double(actual[index]), expected[index])
      let same = a == e || (a.isNaN && e.isNaN) || abs(a - e) <= 1e-6 * abs(e) + 1e-8
      #expect(same, "\(what) at \(x[index]): \(a), expected \(e)")
    }
  }

  @Test(arguments: functions)
  func nanStays(_ function: ElementwiseFunction) {
    let x = [Float](repeating: .nan, count: 17)
    let (y, dX) = run(function, x, dY: [Float](repeating: 1, count: 17))
    #expect(y.allSatisfy { $0.isNaN })
    #expect(dX.allSatisfy { $0 != 0 })
  }
}

/// Sigmoids are made of exponentials, and nothing else is.
@Suite struct SigmoidTests {
  private func sigmoid(_ x: [Float]) -> [Float] {
    var y = [Float](repeating: -1, count: x.count)
    var span = y.mutableSpan
    ElementwiseFunction.sigmoid.forward(x.span, into: &span)
    return y
  }

  /// Far below 0 a sigmoid is an exponential, 1 / (1 + e) being 1 there: to 2 units in the last place where it is
  /// a normal number, to the last bit where it is subnormal, and 0 below.
  @Test func ofNegativeNumbersAreExponentials() {
    let x = (0..<200_000).map { Float(-106 + 88 * Double($0) / 200_000) }
    let y = sigmoid(x)
    var worst = (units: 0.0, index: 0)
    for index in x.indices {
      let expected = 1 / (1 + exp(-Double(x[index])))
      let units = abs(Double(y[index]) - expected) / Double(Float(expected).ulp)
      if !(units <= worst.units) { worst = (units, index) }
    }
    #expect(worst.units <= 2, "\(x[worst.index]) is off by \(worst.units) units in the last place")
  }

  @Test func agreeEverywhere() {
    let x = (0..<200_000).map { Float(-20 + 120 * Double($0) / 200_000) }
    for (x, y) in zip(x, sigmoid(x)) {
      let expected = 1 / (1 + exp(-Double(x)))
      #expect(
        abs(Double(y) - expected) <= 3 * Double(Float(expected).ulp), "\(x): \(y), expected \(expected)")
    }
  }

  @Test func extremes() {
    let y = sigmoid([0, -0.0, .infinity, -.infinity, 1e30, -1e30, 89, -104, 1e-30, .nan])
    #expect(y.dropLast() == [0.5, 0.5, 1, 0, 1, 0, 1, 0, 0.5] && y[9].isNaN)
  }
}
