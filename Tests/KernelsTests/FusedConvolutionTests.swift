import Kernels
import Tensors
import TestSupport
import Testing

/// Convolutions fused with bias, activation and pooling against the same by one kernel after the other.
extension ConvolutionTests {
  static let tails = Activation.allCases.flatMap {
    [ConvolutionTail($0), ConvolutionTail($0, maxPool: true)]
  }

  /// The cases, with outputs cut to even sizes where the tail pools, as a plan does.
  private static func shaped(_ test: Case, _ tail: ConvolutionTail) -> Case? {
    guard tail.maxPool else { return test }
    var test = test
    let output = test.geometry.output
    if output.height % 2 == 1 || output.width % 2 == 1 { test.trim += 1 }
    let trimmed = test.geometry.output
    return trimmed.height > 0 && trimmed.height % 2 == 0 && trimmed.width > 0 && trimmed.width % 2 == 0
      ? test : nil
  }

  /// Each case with each tail that it can have: a pooling needs an even number of rows and columns.
  static func withTails(_ cases: [Case]) -> [(Case, ConvolutionTail)] {
    cases.flatMap { test in tails.compactMap { tail in shaped(test, tail).map { ($0, tail) } } }
  }

  @Test(arguments: withTails(cases + tiled + winograd))
  func im2colAgreesWithUnfused(_ test: Case, tail: ConvolutionTail) {
    expectUnfused(test, tail, .im2col, tolerance: 1e-5)
  }

  @Test(arguments: withTails(cases))
  func directAgreesWithUnfused(_ test: Case, tail: ConvolutionTail) {
    expectUnfused(test, tail, .direct, tolerance: 1e-5)
  }

  @Test(arguments: withTails(winograd))
  func winogradAgreesWithUnfused(_ test: Case, tail: ConvolutionTail) {
    expectUnfused(test, tail, .winograd2, tolerance: 1e-5)
    expectUnfused(test, tail, .winograd4, tolerance: 1e-4)
  }

  func expectUnfused(
    _ test: Case, _ tail: ConvolutionTail, _ algorithm: ConvolutionAlgorithm, tolerance: Double
  ) {
    let expected = unfused(test, tail)
    let outcome = run(test, tail, algorithm, bias: true, inputGradient: algorithm != .direct)
    expectClose(outcome.y, expected.y.doubles, tolerance: tolerance, "y by \(algorithm)")
    expectClose(outcome.dW, expected.dW.doubles, tolerance: tolerance, "dWeight by \(algorithm)")
    expectClose(outcome.dB, expected.dB.doubles, tolerance: tolerance, "dBias by \(algorithm)")
    if algorithm != .direct {
      expectClose(outcome.dX, expected.dX.doubles, tolerance: tolerance, "dX by \(algorithm)")
    }
  }

  /// Convolution, bias, activation and pooling by kernels of their own, one after the other.
  private func unfused(_ test: Case, _ tail: ConvolutionTail) -> Outcome {
    let (data, output) = (ConvolutionData(test, tail, bias: true), test.geometry.output)
    let convolution = Convolution(test.geometry, ConvolutionTail(), .im2col, maximumBatch: test.count)
    var pool = MaxPool2DKernel(
      input: output, window: Window(size: Size2D(tail.maxPool ? 2 : 1), stride: Size2D(tail.maxPool ? 2 : 1)),
      maximumBatch: test.count)
    var z = [Float](repeating: .nan, count: test.count * output.count)
    var (a, dA, dZ) = (z, z, z)
    var y = [Float](repeating: .nan, count: data.dY.count)
    var dW = [Float](repeating: .nan, count: data.weight.count)
    var dB = [Float](repeating: .nan, count: data.bias.count)
    var dX = [Float](repeating: .nan, count: data.x.count)
    var zSpan = z.mutableSpan
    var aSpan = a.mutableSpan
    var ySpan = y.mutableSpan
    convolution.forward(
      data.x.span, count: test.count, weight: data.weight.span, bias: data.bias.span, into: &zSpan)
    let activation = ElementwiseFunction.activation(tail.activation)
    activation.forward(zSpan.span, into: &aSpan)
    pool.forward(aSpan.span, count: test.count, into: &ySpan)
    var dASpan = dA.mutableSpan
    var dZSpan = dZ.mutableSpan
    pool.backward(dY: data.dY.span, count: test.count, into: &dASpan)
    activation.backward(zSpan.span, y: aSpan.span, dY: dASpan.span, into: &dZSpan)
    var dWSpan = dW.mutableSpan
    var dBSpan = dB.mutableSpan
    var dXSpan = dX.mutableSpan
    convolution.backward(
      data.x.span, y: zSpan.span, dY: &dZSpan, count: test.count, weight: data.weight.span,
      dWeight: &dWSpan, dBias: &dBSpan, dX: &dXSpan)
    return (y, dW, dB, dX)
  }
}
