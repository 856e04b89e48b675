import Kernels
import Tensors
import TestSupport
import Testing

@Suite struct ConvolutionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var input: Shape
    var window: Window
    var filters: Int
    var count = 2
    /// Last rows and columns of the output that are left out.
    var trim = 0
    var groups = 1

    var geometry: ConvolutionGeometry {
      let positions = window.positions(over: input)!
      return ConvolutionGeometry(
        input: input, window: window, output: Shape(positions.height - trim, positions.width - trim, filters),
        groups: groups)
    }

    var testDescription: String {
      "\(count) x \(input) * \(filters) of \(window.size), stride \(window.stride), padding \(window.padding)"
        + (window.dilation == Size2D(1) ? "" : ", dilation \(window.dilation)")
        + (groups > 1 ? ", \(groups) groups" : "") + (trim > 0 ? ", trimmed" : "")
    }
  }

  static let cases = [
    Case(input: Shape(1, 1, 1), window: Window(size: Size2D(1)), filters: 1, count: 1),
    Case(input: Shape(5, 7, 3), window: Window(size: Size2D(1)), filters: 4),
    Case(input: Shape(6, 6, 20), window: Window(size: Size2D(1)), filters: 17, count: 3),
    Case(input: Shape(6, 6, 2), window: Window(size: Size2D(1), stride: Size2D(2)), filters: 3),
    Case(input: Shape(5, 5, 1), window: Window(size: Size2D(3)), filters: 32),
    Case(input: Shape(7, 6, 16), window: Window(size: Size2D(3)), filters: 16),
    Case(input: Shape(6, 7, 5), window: Window(size: Size2D(3), padding: Size2D(1)), filters: 6),
    Case(input: Shape(9, 8, 3), window: Window(size: Size2D(3), stride: Size2D(2)), filters: 5),
    Case(
      input: Shape(9, 8, 3), window: Window(size: Size2D(3), stride: Size2D(2), padding: Size2D(1)),
      filters: 5),
    Case(input: Shape(4, 9, 2), window: Window(size: Size2D(2, 3), stride: Size2D(1, 2)), filters: 7),
    Case(input: Shape(9, 4, 2), window: Window(size: Size2D(5, 2), padding: Size2D(2, 1)), filters: 3),
    Case(input: Shape(3, 3, 2), window: Window(size: Size2D(5), padding: Size2D(2)), filters: 4),
    Case(
      input: Shape(2, 2, 3), window: Window(size: Size2D(3), stride: Size2D(3), padding: Size2D(2)),
      filters: 2),
    Case(input: Shape(8, 8, 37), window: Window(size: Size2D(3)), filters: 19, count: 1),
    Case(input: Shape(7, 7, 4), window: Window(size: Size2D(3)), filters: 5, trim: 1),
    Case(
      input: Shape(6, 7, 3), window: Window(size: Size2D(3), stride: Size2D(2), padding: uneven(0, 1, 1, 2)),
      filters: 5),
    Case(input: Shape(5, 4, 17), window: Window(size: Size2D(2), padding: uneven(1, 0, 0, 3)), filters: 2),
    Case(
      input: Shape(2, 2, 3), window: Window(size: Size2D(2), padding: uneven(4, 3, 3, 4)), filters: 2,
      count: 1),
    Case(
      input: Shape(9, 10, 3),
      window: Window(size: Size2D(3), padding: Size2D(2), dilation: Size2D(2)), filters: 4),
    Case(
      input: Shape(9, 8, 2),
      window: Window(size: Size2D(2, 3), stride: Size2D(2, 1), padding: Size2D(1, 3), dilation: Size2D(5, 3)),
      filters: 3),
    Case(
      input: Shape(8, 7, 4), window: Window(size: Size2D(3), padding: Size2D(2, 0), dilation: Size2D(3, 1)),
      filters: 3),
  ]

  static func uneven(_ top: Int, _ bottom: Int, _ left: Int, _ right: Int) -> Padding2D {
    Padding2D(before: Size2D(top, left), after: Size2D(bottom, right))
  }

  /// Images whose columns do not fit into one tile: tiles of some rows, and tiles of some images.
  static let tiled = [
    Case(input: Shape(40, 40, 32), window: Window(size: Size2D(5), padding: Size2D(2)), filters: 8, count: 2),
    Case(input: Shape(13, 13, 32), window: Window(size: Size2D(3)), filters: 64, count: 11, trim: 1),
    Case(input: Shape(150, 150, 8), window: Window(size: Size2D(1)), filters: 4, count: 3),
  ]

  /// Shapes that Winograd takes, whole and cut tiles; those with even outputs can be pooled.
  static let winograd = [
    Case(input: Shape(3, 3, 16), window: Window(size: Size2D(3)), filters: 16, count: 1),
    Case(input: Shape(6, 6, 16), window: Window(size: Size2D(3)), filters: 32),
    Case(input: Shape(9, 8, 32), window: Window(size: Size2D(3)), filters: 16),
    Case(input: Shape(13, 13, 32), window: Window(size: Size2D(3)), filters: 64, count: 9, trim: 1),
    Case(input: Shape(8, 10, 16), window: Window(size: Size2D(3), padding: Size2D(1)), filters: 48, count: 3),
    Case(input: Shape(5, 7, 16), window: Window(size: Size2D(3), padding: Size2D(2, 0)), filters: 16),
    Case(input: Shape(5, 6, 16), window: Window(size: Size2D(3), padding: uneven(0, 2, 1, 0)), filters: 16),
    Case(input: Shape(12, 12, 128), window: Window(size: Size2D(3), padding: Size2D(1)), filters: 96),
  ]

  typealias Outcome = (y: [Float], dW: [Float], dB: [Float], dX: [Float])

  func run(
    _ test: Case, _ tail: ConvolutionTail, _ algorithm: ConvolutionAlgorithm, bias: Bool,
    inputGradient: Bool = true
  ) -> Outcome {
    let data = ConvolutionData(test, tail, bias: bias)
    let kernel = Convolution(test.geometry, tail, algorithm, maximumBatch: test.count)
    var y = [Float](repeating: .nan, count: data.dY.count)
    var dY = data.dY
    var dW = [Float](repeating: .nan, count: data.weight.count)
    var dB = [Float](repeating: .nan, count: data.bias.count)
    var dX = [Float](repeating: .nan, count: inputGradient ? data.x.count : 0)
    // Twice: nothing of a pass may show in the next one.
    for _ in 0..<2 {
      dY = data.dY
      var ySpan = y.mutableSpan
      kernel.forward(
        data.x.span, count: test.count, weight: data.weight.span, bias: data.bias.span, into: &ySpan)
      var dYSpan = dY.mutableSpan
      var dWSpan = dW.mutableSpan
      var dBSpan = dB.mutableSpan
      var dXSpan = dX.mutableSpan
      kernel.backward(
        data.x.span, y: y.span, dY: &dYSpan, count: test.count, weight: data.weight.span,
        dWeight: &dWSpan, dBias: &dBSpan, dX: &dXSpan)
    }
    return (y, dW, dB, dX)
  }

  struct ConvolutionData {
    let x, weight, bias, dY: [Float]

    init(_ test: Case, _ tail: ConvolutionTail = ConvolutionTail(), bias: Bool) {
      let geometry = test.geometry
      // So large that some outputs reach the ceiling of ReLU6.
      x = randomNumbers(test.count * test.input.count, seed: 1).map { geometry.depth < 64 ? 4 * $0 : $0 }
      weight = randomNumbers(geometry.depth * test.filters, seed: 2)
      self.bias = bias ? randomNumbers(test.filters, seed: 3) : []
      dY = randomNumbers(test.count * tail.shape(of: geometry.output).count, seed: 4)
    }
  }

  @Test(arguments: cases + tiled + winograd, Activation.allCases)
  func im2colAgreesWithDefinition(_ test: Case, activation: Activation) {
    expectDefinition(test, .im2col, activation: activation, tolerance: 2e-6)
  }

  @Test(arguments: cases, Activation.allCases)
  func directAgreesWithDefinition(_ test: Case, activation: Activation) {
    expectDefinition(test, .direct, activation: activation, tolerance: 2e-6)
  }

  @Test(arguments: winograd, Activation.allCases)
  func winogradAgreesWithDefinition(_ test: Case, activation: Activation) {
    expectDefinition(test, .winograd2, activation: activation, tolerance: 1e-5)
    expectDefinition(test, .winograd4, activation: activation, tolerance: 1e-4)
  }

  func expectDefinition(
    _ test: Case, _ algorithm: ConvolutionAlgorithm, activation: Activation, tolerance: Double
  ) {
    let data = ConvolutionData(test, bias: activation != .identity)
    let linear = naiveConv2D(
      data.x.doubles, data.weight.doubles, data.bias.doubles, test.geometry, count: test.count)
    let outcome = run(
      test, ConvolutionTail(activation), algorithm, bias: activation != .identity,
      inputGradient: algorithm != .direct)
    // Differences are relative to the largest number, which is not to be cut off.
    let largest = linear.reduce(0) { max($0, abs($1)) }
    let scale = activation == .relu6 ? max(largest / 6, 1) : 1
    expectClose(
      outcome.y, naive(activation, linear), tolerance: scale * tolerance, "y by \(algorithm)")
  }

  /// The convolution is linear in x, weight and bias each: differences of any step are exact for them, and
  /// the activation's cuts are taken from the definition.
  @Test(arguments: cases, Activation.allCases)
  func gradientsAgreeWithCentralDifferences(_ test: Case, activation: Activation) {
    expectCentralDifferences(test, .im2col, activation: activation)
  }

  func expectCentralDifferences(_ test: Case, _ algorithm: ConvolutionAlgorithm, activation: Activation) {
    let data = ConvolutionData(test, bias: true)
    let (x, w, b) = (data.x.doubles, data.weight.doubles, data.bias.doubles)
    func loss(_ x: [Double], _ w: [Double], _ b: [Double]) -> Double {
      let y = naiveConv2D(x, w, b, test.geometry, count: test.count)
      return dot(naive(activation, y), data.dY.doubles)
    }
    let result = run(test, ConvolutionTail(activation), algorithm, bias: true)
    expectClose(result.dW, centralDifferences(at: w) { loss(x, $0, b) }, tolerance: 1e-5, "dWeight")
    expectClose(result.dB, centralDifferences(at: b) { loss(x, w, $0) }, tolerance: 1e-5, "dBias")
    expectClose(result.dX, centralDifferences(at: x) { loss($0, w, b) }, tolerance: 1e-5, "dX")
  }

  /// <dY, conv(x, w)> = <dX, x> = <dW, w>: holds for the true gradients of a bilinear map only in sum, so
  /// each is also projected on a second random direction by the forward pass.
  @Test(arguments: tiled)
  func tiledGradientsAgreeByProjection(_ test: Case) {
    let data = ConvolutionData(test, bias: false)
    let result = run(test, ConvolutionTail(), .im2col, bias: false)
    let (x2, w2) = (randomNumbers(data.x.count, seed: 8), randomNumbers(data.weight.count, seed: 9))
    let alongX = naiveConv2D(x2.doubles, data.weight.doubles, [], test.geometry, count: test.count)
    let alongW = naiveConv2D(data.x.doubles, w2.doubles, [], test.geometry, count: test.count)
    let (gx, ex) = (dot(result.dX.doubles, x2.doubles), dot(data.dY.doubles, alongX))
    let (gw, ew) = (dot(result.dW.doubles, w2.doubles), dot(data.dY.doubles, alongW))
    #expect(abs(gx - ex) <= 1e-5 * dot(alongX, alongX).squareRoot() * 10, "\(gx), expected \(ex)")
    #expect(abs(gw - ew) <= 1e-5 * dot(alongW, alongW).squareRoot() * 10, "\(gw), expected \(ew)")
  }

  @Test(arguments: [ConvolutionAlgorithm.im2col, .winograd2, .winograd4])
  func inputGradientIsLeftOutWhereNotNeeded(_ algorithm: ConvolutionAlgorithm) {
    let (test, tail) = (Self.winograd[1], ConvolutionTail(.relu))
    let without = run(test, tail, algorithm, bias: true, inputGradient: false)
    #expect(without.dX.isEmpty && without.dW == run(test, tail, algorithm, bias: true).dW)
  }

  /// NaN survives activation and pooling, so that a diverged run is seen in its loss.
  @Test(arguments: [ConvolutionAlgorithm.im2col, .direct, .winograd2, .winograd4], Activation.allCases)
  func nanComesThrough(_ algorithm: ConvolutionAlgorithm, _ activation: Activation) {
    let test = Self.winograd[1]
    let kernel = Convolution(
      test.geometry, ConvolutionTail(activation, maxPool: true), algorithm, maximumBatch: test.count)
    let data = ConvolutionData(test, bias: true)
    var x = data.x
    x[5] = .nan
    var y = [Float](repeating: 0, count: test.count * 2 * 2 * test.filters)
    var span = y.mutableSpan
    kernel.forward(x.span, count: test.count, weight: data.weight.span, bias: data.bias.span, into: &span)
    #expect(y[0].isNaN && !y[y.count - 1].isNaN)
  }
}
