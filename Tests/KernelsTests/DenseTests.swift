import Kernels
import Tensors
import TestSupport
import Testing

@Suite struct DenseTests {
  struct Case: Sendable { var count, inputs, outputs: Int }
  static let cases = [
    Case(count: 1, inputs: 1, outputs: 1), Case(count: 3, inputs: 7, outputs: 5),
    Case(count: 2, inputs: 16, outputs: 32), Case(count: 5, inputs: 33, outputs: 19),
  ]

  @Test(arguments: cases, Activation.allCases)
  func agreesWithDefinition(_ test: Case, activation: Activation) {
    // So large that some outputs reach the ceiling of ReLU6.
    let x = randomNumbers(test.count * test.inputs, seed: 1).map { 5 * $0 }
    let weight = randomNumbers(test.inputs * test.outputs, seed: 2)
    let bias = randomNumbers(test.outputs, seed: 3)
    let upstream = randomNumbers(test.count * test.outputs, seed: 4)
    var y = [Float](repeating: .nan, count: upstream.count)
    var dY = upstream
    var dW = [Float](repeating: .nan, count: weight.count)
    var dB = [Float](repeating: .nan, count: bias.count)
    var dX = [Float](repeating: .nan, count: x.count)
    do {
      var ySpan = y.mutableSpan
      dense(
        x.span, weight: weight.span, bias: bias.span, activation: activation, into: &ySpan,
        inputs: test.inputs, outputs: test.outputs)
      var dYSpan = dY.mutableSpan
      var dWSpan = dW.mutableSpan
      var dBSpan = dB.mutableSpan
      var dXSpan = dX.mutableSpan
      denseBackward(
        x.span, y: ySpan.span, dY: &dYSpan, weight: weight.span, activation: activation, dWeight: &dWSpan,
        dBias: &dBSpan, dX: &dXSpan, inputs: test.inputs, outputs: test.outputs)
    }
    func twin(_ x: [Double], _ w: [Double], _ b: [Double]) -> [Double] {
      let product = naiveProduct(x, w, m: test.count, n: test.outputs, k: test.inputs)
      let sum = product.indices.map { product[$0] + b[$0 % test.outputs] }
      return naive(activation, sum)
    }
    let (xd, wd, bd, ud) = (x.doubles, weight.doubles, bias.doubles, upstream.doubles)
    expectClose(y, twin(xd, wd, bd), tolerance: 1e-6, "y")
    expectClose(dW, centralDifferences(at: wd) { dot(twin(xd, $0, bd), ud) }, tolerance: 1e-6, "dWeight")
    expectClose(dB, centralDifferences(at: bd) { dot(twin(xd, wd, $0), ud) }, tolerance: 1e-6, "dBias")
    expectClose(dX, centralDifferences(at: xd) { dot(twin($0, wd, bd), ud) }, tolerance: 1e-6, "dX")
  }

  /// Products of many inputs are computed in parts of them.
  @Test func partsMakeTheWholeProduct() {
    let (count, inputs, outputs) = (64, 700, 128)
    let x = randomNumbers(count * inputs, seed: 1)
    let weight = randomNumbers(inputs * outputs, seed: 2)
    var dY = randomNumbers(count * outputs, seed: 3)
    let transposed = (0..<inputs * count).map { Double(x[$0 % count * inputs + $0 / count]) }
    let expected = naiveProduct(transposed, dY.doubles, m: inputs, n: outputs, k: count)
    var y = [Float](repeating: .nan, count: count * outputs)
    var dWeight = [Float](repeating: .nan, count: weight.count)
    do {
      var (none, noInput) = ([Float](), [Float]())
      var ySpan = y.mutableSpan
      dense(
        x.span, weight: weight.span, bias: none.span, activation: .identity, into: &ySpan,
        inputs: inputs, outputs: outputs)
      var dYSpan = dY.mutableSpan
      var dWSpan = dWeight.mutableSpan
      var dBSpan = none.mutableSpan
      var dXSpan = noInput.mutableSpan
      denseBackward(
        x.span, y: ySpan.span, dY: &dYSpan, weight: weight.span, activation: .identity,
        dWeight: &dWSpan, dBias: &dBSpan, dX: &dXSpan, inputs: inputs, outputs: outputs)
    }
    expectClose(
      y, naiveProduct(x.doubles, weight.doubles, m: count, n: outputs, k: inputs), tolerance: 2e-6, "y")
    expectClose(dWeight, expected, tolerance: 2e-6, "dWeight")
  }
}

@Suite struct ProductTests {
  /// C v = A (B v) for a random v: O(n^2) work for a product of O(n^3).
  @Test(arguments: [(301, 257, 1023), (1600, 128, 64), (64, 1600, 128), (6400, 64, 288)], [false, true])
  func largeProductsAgreeByProjection(_ size: (m: Int, n: Int, k: Int), transpose: Bool) {
    let (m, n, k) = size
    let a = randomNumbers(m * k, seed: 1)
    let b = randomNumbers(k * n, seed: 2)
    let v = randomNumbers(n, seed: 3)
    var c = [Float](repeating: .nan, count: m * n)
    var span = c.mutableSpan
    if transpose {
      multiply(
        transposed(a, rows: m, columns: k).span, transposeA: true, transposed(b, rows: k, columns: n).span,
        transposeB: true, into: &span, m: m, n: n, k: k)
    } else {
      multiply(a.span, b.span, into: &span, m: m, n: n, k: k)
    }
    let bv = naiveProduct(b.doubles, v.doubles, m: k, n: 1, k: n)
    let expected = naiveProduct(a.doubles, bv, m: m, n: 1, k: k)
    let actual = naiveProduct(c.doubles, v.doubles, m: m, n: 1, k: n)
    expectClose(actual.map(Float.init), expected, tolerance: 1e-5, "C v")
  }

  @Test func betaAddsToWhatIsThere() {
    var c: [Float] = [10, 20]
    var span = c.mutableSpan
    multiply([1, 2].span, [3].span, into: &span, m: 2, n: 1, k: 1, beta: 1)
    #expect(c == [13, 26])
  }
}
