import Kernels
import Tensors
import TestSupport
import Testing

@Suite struct BatchNormTests {
  static let epsilon: Float = 1e-5

  @Test(arguments: [(1, 3), (5, 1), (9, 16), (40, 35), (700, 4)], Activation.allCases)
  func agreesWithDefinition(_ size: (rows: Int, channels: Int), activation: Activation) {
    let x = randomNumbers(size.rows * size.channels, seed: 1).map { 3 * $0 + 2 }
    // So large that some outputs reach the ceiling of ReLU6.
    let gain = randomNumbers(size.channels, seed: 2).map { 5 * $0 }
    let shift = randomNumbers(size.channels, seed: 3)
    let upstream = randomNumbers(x.count, seed: 4)
    var y = [Float](repeating: .nan, count: x.count)
    var dGain = [Float](repeating: .nan, count: size.channels)
    var dShift = dGain
    var dX = y
    var kernel = BatchNormKernel(channels: size.channels, epsilon: Self.epsilon, activation: activation)
    do {
      var ySpan = y.mutableSpan
      kernel.forward(x.span, gain: gain.span, shift: shift.span, into: &ySpan)
      var dGainSpan = dGain.mutableSpan
      var dShiftSpan = dShift.mutableSpan
      var dXSpan = dX.mutableSpan
      kernel.backward(
        x.span, dY: upstream.span, gain: gain.span, shift: shift.span, dGain: &dGainSpan,
        dShift: &dShiftSpan, dX: &dXSpan)
    }
    func twin(_ x: [Double], _ gain: [Double], _ shift: [Double]) -> [Double] {
      let y = naiveBatchNorm(x, gain: gain, shift: shift, epsilon: Double(Self.epsilon))
      return naive(activation, y)
    }
    let (xd, gd, sd, ud) = (x.doubles, gain.doubles, shift.doubles, upstream.doubles)
    expectClose(y, twin(xd, gd, sd), tolerance: 3e-6, "y")
    // The gradient of one row is that of a constant, drowned in 1 / sqrt(epsilon).
    guard size.rows > 1 else { return }
    func differences(at point: [Double], _ y: ([Double]) -> [Double]) -> [Double] {
      centralDifferences(at: point, step: 1e-7) { dot(y($0), ud) }
    }
    expectClose(dGain, differences(at: gd) { twin(xd, $0, sd) }, tolerance: 1e-5, "dGain")
    expectClose(dShift, differences(at: sd) { twin(xd, gd, $0) }, tolerance: 1e-5, "dShift")
    if size.rows <= 100 {
      expectClose(dX, differences(at: xd) { twin($0, gd, sd) }, tolerance: 1e-4, "dX")
    }
  }

  @Test func meanAndVarianceAreOfTheRows() {
    var kernel = BatchNormKernel(channels: 2, epsilon: 0, activation: .identity)
    var y = [Float](repeating: 0, count: 4)
    var span = y.mutableSpan
    kernel.forward([1, 10, 3, 30].span, gain: [1, 1].span, shift: [0, 0].span, into: &span)
    #expect(y == [-1, -1, 1, 1])
    #expect(kernel.mean.span[0] == 2 && kernel.mean.span[1] == 20)
    #expect(kernel.variance.span[0] == 1 && kernel.variance.span[1] == 100)
  }

  /// A large mean must not eat the variance.
  @Test func survivesALargeMean() {
    let x = randomNumbers(5000, seed: 5).map { $0 + 1000 }
    var kernel = BatchNormKernel(channels: 1, epsilon: 0, activation: .identity)
    var y = [Float](repeating: 0, count: x.count)
    var span = y.mutableSpan
    kernel.forward(x.span, gain: [1].span, shift: [0].span, into: &span)
    expectClose(
      y, naiveBatchNorm(x.doubles, gain: [1], shift: [0], epsilon: 0), tolerance: 2e-4, "y")
  }

  /// With running statistics, which are constants, each input has its own output alone.
  @Test(arguments: Activation.allCases) func evaluationHasAGradientToo(_ activation: Activation) {
    let (rows, channels) = (7, 18)
    let x = randomNumbers(rows * channels, seed: 1).map { 3 * $0 + 2 }
    let (gain, shift) = (randomNumbers(channels, seed: 2).map { 5 * $0 }, randomNumbers(channels, seed: 3))
    let mean = randomNumbers(channels, seed: 5)
    let variance = randomNumbers(channels, seed: 6).map { abs($0) + 0.1 }
    let upstream = randomNumbers(x.count, seed: 4)
    var dX = [Float](repeating: .nan, count: x.count)
    var kernel = BatchNormKernel(channels: channels, epsilon: Self.epsilon, activation: activation)
    var span = dX.mutableSpan
    kernel.evaluateBackward(
      x.span, dY: upstream.span, gain: gain.span, shift: shift.span, mean: mean.span,
      variance: variance.span, dX: &span)
    let expected = centralDifferences(at: x.doubles, step: 1e-7) { x in
      let y = x.indices.map { index in
        let c = index % channels
        let deviation = (Double(variance[c]) + Double(Self.epsilon)).squareRoot()
        return (x[index] - Double(mean[c])) / deviation * Double(gain[c]) + Double(shift[c])
      }
      return dot(naive(activation, y), upstream.doubles)
    }
    expectClose(dX, expected, tolerance: 1e-5, "dX")
    #expect(activation == .identity || dX.contains(0))
  }

  @Test func evaluationTakesRunningStatistics() {
    var kernel = BatchNormKernel(channels: 1, epsilon: 0, activation: .relu)
    var y = [Float](repeating: 0, count: 3)
    var span = y.mutableSpan
    kernel.evaluate(
      [0, 4, 8].span, gain: [3].span, shift: [1].span, mean: [2].span, variance: [4].span, into: &span)
    #expect(y == [0, 4, 10])
  }
}
