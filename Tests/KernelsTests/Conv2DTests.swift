import Kernels
import Tensors
import TestSupport
import Testing

@Suite struct Conv2DTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var input: Shape
    var window: Window
    var filters: Int
    var count = 2
    /// Last rows and columns of the output that are left out.
    var trim = 0

    var geometry: ConvolutionGeometry {
      let positions = window.positions(over: input)!
      return ConvolutionGeometry(
        input: input, window: window, output: Shape(positions.height - trim, positions.width - trim, filters))
    }

    var testDescription: String {
      "\(count) x \(input) * \(filters) of \(window.size), stride \(window.stride), padding \(window.padding)"
        + (trim > 0 ? ", trimmed" : "")
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
  ]

  /// Images whose columns do not fit into one tile: tiles of some rows, and tiles of some images.
  static let tiled = [
    Case(input: Shape(40, 40, 32), window: Window(size: Size2D(5), padding: Size2D(2)), filters: 8, count: 2),
    Case(input: Shape(13, 13, 32), window: Window(size: Size2D(3)), filters: 64, count: 11, trim: 1),
    Case(input: Shape(150, 150, 8), window: Window(size: Size2D(1)), filters: 4, count: 3),
  ]

  private func run(_ test: Case, relu: Bool, bias: Bool) -> (
    y: [Float], dW: [Float], dB: [Float], dX: [Float]
  ) {
    let geometry = test.geometry
    let data = ConvolutionData(test, bias: bias)
    var kernel = Conv2DKernel(geometry, relu: relu, maximumBatch: test.count)
    var y = [Float](repeating: .nan, count: test.count * geometry.output.count)
    var ySpan = y.mutableSpan
    kernel.forward(
      data.x.span, count: test.count, weight: data.weight.span, bias: data.bias.span, into: &ySpan)
    var dY = data.dY
    var dW = [Float](repeating: .nan, count: data.weight.count)
    var dB = [Float](repeating: .nan, count: data.bias.count)
    var dX = [Float](repeating: .nan, count: data.x.count)
    do {
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

    init(_ test: Case, bias: Bool) {
      let geometry = test.geometry
      x = randomNumbers(test.count * test.input.count, seed: 1)
      weight = randomNumbers(geometry.depth * test.filters, seed: 2)
      self.bias = bias ? randomNumbers(test.filters, seed: 3) : []
      dY = randomNumbers(test.count * geometry.output.count, seed: 4)
    }
  }

  @Test(arguments: cases + tiled, [false, true])
  func forwardAgreesWithDefinition(_ test: Case, relu: Bool) {
    let data = ConvolutionData(test, bias: relu)
    let linear = naiveConv2D(
      data.x.doubles, data.weight.doubles, data.bias.doubles, test.geometry, count: test.count)
    expectClose(
      run(test, relu: relu, bias: relu).y, relu ? naiveReLU(linear) : linear, tolerance: 2e-6, "y")
  }

  /// The convolution is linear in x, weight and bias each: differences of any step are exact for them, and
  /// ReLU's cut is taken from the definition.
  @Test(arguments: cases, [false, true])
  func gradientsAgreeWithCentralDifferences(_ test: Case, relu: Bool) {
    let data = ConvolutionData(test, bias: true)
    let (x, w, b) = (data.x.doubles, data.weight.doubles, data.bias.doubles)
    func loss(_ x: [Double], _ w: [Double], _ b: [Double]) -> Double {
      let y = naiveConv2D(x, w, b, test.geometry, count: test.count)
      return dot(relu ? naiveReLU(y) : y, data.dY.doubles)
    }
    let result = run(test, relu: relu, bias: true)
    expectClose(result.dW, centralDifferences(at: w) { loss(x, $0, b) }, tolerance: 1e-5, "dWeight")
    expectClose(result.dB, centralDifferences(at: b) { loss(x, w, $0) }, tolerance: 1e-5, "dBias")
    expectClose(result.dX, centralDifferences(at: x) { loss($0, w, b) }, tolerance: 1e-5, "dX")
  }

  /// <dY, conv(x, w)> = <dX, x> = <dW, w>: holds for the true gradients of a bilinear map only in sum, so
  /// each is also projected on a second random direction by the forward pass.
  @Test(arguments: tiled)
  func tiledGradientsAgreeByProjection(_ test: Case) {
    let data = ConvolutionData(test, bias: false)
    let result = run(test, relu: false, bias: false)
    let (x2, w2) = (randomNumbers(data.x.count, seed: 8), randomNumbers(data.weight.count, seed: 9))
    let alongX = naiveConv2D(x2.doubles, data.weight.doubles, [], test.geometry, count: test.count)
    let alongW = naiveConv2D(data.x.doubles, w2.doubles, [], test.geometry, count: test.count)
    let (gx, ex) = (dot(result.dX.doubles, x2.doubles), dot(data.dY.doubles, alongX))
    let (gw, ew) = (dot(result.dW.doubles, w2.doubles), dot(data.dY.doubles, alongW))
    #expect(abs(gx - ex) <= 1e-5 * dot(alongX, alongX).squareRoot() * 10, "\(gx), expected \(ex)")
    #expect(abs(gw - ew) <= 1e-5 * dot(alongW, alongW).squareRoot() * 10, "\(gw), expected \(ew)")
  }

  @Test func inputGradientIsLeftOutWhereNotNeeded() {
    let test = Self.cases[6]
    let data = ConvolutionData(test, bias: true)
    var kernel = Conv2DKernel(test.geometry, relu: false, maximumBatch: test.count)
    var (y, dY) = ([Float](repeating: 0, count: data.dY.count), data.dY)
    var (dW, dB) = (
      [Float](repeating: 0, count: data.weight.count), [Float](repeating: 0, count: test.filters)
    )
    var ySpan = y.mutableSpan
    kernel.forward(
      data.x.span, count: test.count, weight: data.weight.span, bias: data.bias.span, into: &ySpan)
    var dYSpan = dY.mutableSpan
    var dWSpan = dW.mutableSpan
    var dBSpan = dB.mutableSpan
    var none = MutableSpan<Float>()
    kernel.backward(
      data.x.span, y: y.span, dY: &dYSpan, count: test.count, weight: data.weight.span,
      dWeight: &dWSpan, dBias: &dBSpan, dX: &none)
    #expect(dW == run(test, relu: false, bias: true).dW)
  }
}

@Suite struct Im2ColTests {
  /// <im2col(x), c> = <x, col2im(c)>
  @Test(arguments: Conv2DTests.cases)
  func col2imIsTheAdjoint(_ test: Conv2DTests.Case) {
    let geometry = test.geometry
    let rows = 0..<test.count * geometry.output.height
    let x = randomNumbers(test.count * test.input.count, seed: 1)
    let c = randomNumbers(rows.count * geometry.output.width * geometry.depth, seed: 2)
    var columns = [Float](repeating: .nan, count: c.count)
    var image = [Float](repeating: 0, count: x.count)
    do {
      var columnSpan = columns.mutableSpan
      var imageSpan = image.mutableSpan
      im2col(x.span, geometry, rows: rows, into: &columnSpan)
      col2im(c.span, geometry, rows: rows, addingTo: &imageSpan)
    }
    let (left, right) = (dot(columns.doubles, c.doubles), dot(x.doubles, image.doubles))
    #expect(abs(left - right) <= 1e-5 * max(1, abs(left)), "\(left), \(right)")
  }

  @Test func columnsAreWindowsInFilterOrder() {
    let geometry = ConvolutionGeometry(
      input: Shape(2, 2, 1), window: Window(size: Size2D(2), padding: Size2D(1)), output: Shape(3, 3, 1))
    var columns = [Float](repeating: .nan, count: 9 * 4)
    var span = columns.mutableSpan
    im2col([1, 2, 3, 4].span, geometry, rows: 0..<3, into: &span)
    #expect(
      columns == [
        0, 0, 0, 1, 0, 0, 1, 2, 0, 0, 2, 0,
        0, 1, 0, 3, 1, 2, 3, 4, 2, 0, 4, 0,
        0, 3, 0, 0, 3, 4, 0, 0, 4, 0, 0, 0,
      ])
  }
}
