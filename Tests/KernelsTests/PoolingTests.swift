import Kernels
import Tensors
import TestSupport
import Testing

@Suite struct PoolingTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var input: Shape
    var window: Window
    var testDescription: String {
      "\(input), window \(window.size), stride \(window.stride), padding \(window.padding)"
    }
  }

  static let cases = [
    Case(input: Shape(4, 4, 1), window: Window(size: Size2D(2), stride: Size2D(2))),
    Case(input: Shape(5, 7, 3), window: Window(size: Size2D(2), stride: Size2D(2))),
    Case(input: Shape(6, 6, 16), window: Window(size: Size2D(2), stride: Size2D(2))),
    Case(input: Shape(4, 6, 37), window: Window(size: Size2D(2), stride: Size2D(2))),
    Case(input: Shape(7, 7, 5), window: Window(size: Size2D(3), stride: Size2D(2))),
    Case(input: Shape(7, 7, 32), window: Window(size: Size2D(3), stride: Size2D(2), padding: Size2D(1))),
    Case(input: Shape(5, 6, 2), window: Window(size: Size2D(3), stride: Size2D(1), padding: Size2D(1))),
    Case(input: Shape(7, 9, 4), window: Window(size: Size2D(2, 3), stride: Size2D(3, 4))),
    Case(input: Shape(3, 3, 2), window: Window(size: Size2D(3))),
    Case(input: Shape(1, 1, 18), window: Window(size: Size2D(1))),
    Case(
      input: Shape(6, 5, 17),
      window: Window(size: Size2D(3), stride: Size2D(2), padding: ConvolutionTests.uneven(0, 1, 2, 1))),
    Case(
      input: Shape(7, 8, 3), window: Window(size: Size2D(2, 3), padding: Size2D(1), dilation: Size2D(3, 2))),
  ]
  static let count = 3

  private func output(_ test: Case) -> Shape {
    let positions = test.window.positions(over: test.input)!
    return Shape(positions.height, positions.width, test.input.channels)
  }

  @Test(arguments: cases)
  func maximum(_ test: Case) {
    let x = randomNumbers(Self.count * test.input.count, seed: 1)
    let dY = randomNumbers(Self.count * output(test).count, seed: 2)
    var kernel = MaxPool2DKernel(input: test.input, window: test.window, maximumBatch: Self.count)
    var y = [Float](repeating: .nan, count: dY.count)
    var dX = [Float](repeating: .nan, count: x.count)
    do {
      var ySpan = y.mutableSpan
      var dXSpan = dX.mutableSpan
      kernel.forward(x.span, count: Self.count, into: &ySpan)
      kernel.backward(dY: dY.span, count: Self.count, into: &dXSpan)
    }
    func naive(_ x: [Double]) -> [Double] {
      naivePool2D(x, input: test.input, window: test.window, count: Self.count) { $0.max()! }
    }
    expectClose(y, naive(x.doubles), tolerance: 0, "y")
    expectClose(
      dX, centralDifferences(at: x.doubles, step: 1e-7) { dot(naive($0), dY.doubles) }, tolerance: 1e-6, "dX")
  }

  @Test(arguments: cases)
  func average(_ test: Case) {
    let x = randomNumbers(Self.count * test.input.count, seed: 1)
    let dY = randomNumbers(Self.count * output(test).count, seed: 2)
    var y = [Float](repeating: .nan, count: dY.count)
    var dX = [Float](repeating: .nan, count: x.count)
    do {
      var ySpan = y.mutableSpan
      var dXSpan = dX.mutableSpan
      averagePool2D(
        x.span, count: Self.count, input: test.input, output: output(test), window: test.window, into: &ySpan)
      averagePool2DBackward(
        dY: dY.span, count: Self.count, input: test.input, output: output(test), window: test.window,
        into: &dXSpan)
    }
    let cells = Double(test.window.size.height * test.window.size.width)
    func naive(_ x: [Double]) -> [Double] {
      naivePool2D(x, input: test.input, window: test.window, count: Self.count) { $0.reduce(0, +) / cells }
    }
    expectClose(y, naive(x.doubles), tolerance: 1e-6, "y")
    expectClose(dX, centralDifferences(at: x.doubles) { dot(naive($0), dY.doubles) }, tolerance: 1e-6, "dX")
  }

  @Test func nanWins() {
    for place in 0..<4 {
      var x: [Float] = [1, 2, 3, 4]
      x[place] = .nan
      var kernel = MaxPool2DKernel(
        input: Shape(2, 2, 1), window: Window(size: Size2D(2), stride: Size2D(2)), maximumBatch: 1)
      var y: [Float] = [0]
      var span = y.mutableSpan
      kernel.forward(x.span, count: 1, into: &span)
      #expect(y[0].isNaN, "NaN at \(place)")
    }
  }

  /// Of equal values the first one wins, as in PyTorch; the others get no gradient.
  @Test func firstOfEqualsWins() {
    var kernel = MaxPool2DKernel(
      input: Shape(2, 2, 1), window: Window(size: Size2D(2), stride: Size2D(2)), maximumBatch: 1)
    var y: [Float] = [9]
    var dX: [Float] = [9, 9, 9, 9]
    var ySpan = y.mutableSpan
    kernel.forward([0, 0, 0, 0].span, count: 1, into: &ySpan)
    var dXSpan = dX.mutableSpan
    kernel.backward(dY: [5].span, count: 1, into: &dXSpan)
    #expect(dX == [5, 0, 0, 0])
  }
}
