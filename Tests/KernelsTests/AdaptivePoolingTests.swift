import Kernels
import Tensors
import TestSupport
import Testing

@Suite struct AdaptivePoolingTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var (input, size): (Shape, Size2D)
    var output: Shape { Shape(size.height, size.width, input.channels) }
    var testDescription: String { "\(input) to \(size)" }
  }

  /// Sizes that divide the input, that do not, 1, and larger than the input.
  static let cases = [
    Case(input: Shape(7, 7, 32), size: Size2D(1)), Case(input: Shape(1, 1, 5), size: Size2D(1)),
    Case(input: Shape(8, 6, 3), size: Size2D(4, 2)), Case(input: Shape(7, 10, 17), size: Size2D(3, 4)),
    Case(input: Shape(3, 2, 1), size: Size2D(7, 5)), Case(input: Shape(5, 9, 16), size: Size2D(1, 9)),
    Case(input: Shape(13, 11, 40), size: Size2D(6)),
  ]
  static let count = 3

  /// By PyTorch's definition of the windows, each by itself.
  private func twin(_ x: [Double], _ test: Case) -> [Double] {
    let (input, output) = (test.input, test.output)
    func window(_ index: Int, _ count: Int, _ size: Int) -> Range<Int> {
      let (start, end) = (Double(index * size) / Double(count), Double((index + 1) * size) / Double(count))
      return Int(start.rounded(.down))..<Int(end.rounded(.up))
    }
    var y: [Double] = []
    for n in 0..<Self.count {
      for i in 0..<output.height {
        for j in 0..<output.width {
          let rows = window(i, output.height, input.height)
          let columns = window(j, output.width, input.width)
          for c in 0..<input.channels {
            var sum = 0.0
            for h in rows {
              for w in columns { sum += x[((n * input.height + h) * input.width + w) * input.channels + c] }
            }
            y.append(sum / Double(rows.count * columns.count))
          }
        }
      }
    }
    return y
  }

  private func run(_ test: Case, _ x: [Float], dY: [Float]) -> (y: [Float], dX: [Float]) {
    var (y, dX) = ([Float](repeating: .nan, count: dY.count), [Float](repeating: .nan, count: x.count))
    var ySpan = y.mutableSpan
    adaptiveAveragePool2D(x.span, count: Self.count, input: test.input, output: test.output, into: &ySpan)
    var dXSpan = dX.mutableSpan
    adaptiveAveragePool2DBackward(
      dY: dY.span, count: Self.count, input: test.input, output: test.output, into: &dXSpan)
    return (y, dX)
  }

  @Test(arguments: cases)
  func agreesWithDefinition(_ test: Case) {
    let x = randomNumbers(Self.count * test.input.count, seed: 1)
    let dY = randomNumbers(Self.count * test.output.count, seed: 2)
    let (y, dX) = run(test, x, dY: dY)
    expectClose(y, twin(x.doubles, test), tolerance: 1e-6, "y")
    // The mean is linear: differences of any step are exact, and that of one direction is all that is left of
    // a large input's.
    if x.count <= 2000 {
      let differences = centralDifferences(at: x.doubles, step: 1) { dot(twin($0, test), dY.doubles) }
      expectClose(dX, differences, tolerance: 1e-6, "dX")
    }
    let direction = randomNumbers(x.count, seed: 3).doubles
    let along = dot(twin(direction, test), dY.doubles)
    #expect(abs(dot(dX.doubles, direction) - along) <= 1e-5 * max(abs(along), 1))
  }

  @Test(.enabled(if: Python.isThere, Comment(rawValue: Python.hint)))
  func agreesWithPyTorch() throws {
    let list = Self.cases.map {
      "(\($0.input.height), \($0.input.width), \($0.input.channels), (\($0.size.height), \($0.size.width)))"
    }
    let lines = try pyTorchLines(
      """
      for h, w, c, size in [\(list.joined(separator: ", "))]:
          x = numbers(\(Self.count) * h * w * c, 1).view(\(Self.count), h, w, c).requires_grad_()
          y = F.adaptive_avg_pool2d(x.permute(0, 3, 1, 2), size).permute(0, 2, 3, 1)
          y.backward(numbers(y.numel(), 2).view(y.shape))
          show(y, x.grad)
      """)
    try #require(lines.count == 2 * Self.cases.count)
    for (index, test) in Self.cases.enumerated() {
      let x = exactNumbers(Self.count * test.input.count, seed: 1)
      let (y, dX) = run(test, x, dY: exactNumbers(Self.count * test.output.count, seed: 2))
      expectClose(y, lines[2 * index], tolerance: 1e-6, "y")
      expectClose(dX, lines[2 * index + 1], tolerance: 1e-6, "dX")
    }
  }

  /// What is not finite shows in its own windows and channel, and nowhere else.
  @Test func nanStaysWhereItIs() {
    let test = Case(input: Shape(4, 4, 17), size: Size2D(2))
    var x = [Float](repeating: 1, count: Self.count * test.input.count)
    (x[16], x[test.input.count]) = (.nan, .infinity)
    let dY = [Float](repeating: 1, count: Self.count * test.output.count)
    let y = run(test, x, dY: dY).y
    #expect(y[16].isNaN && y[test.output.count] == .infinity)
    #expect(y.count { $0 == 1 } == y.count - 2)
  }
}

@Suite struct FlattenTests {
  @Test(arguments: [
    Shape(1, 1, 33), Shape(5, 7, 1), Shape(3, 5, 19), Shape(16, 1, 16), Shape(7, 9, 50),
  ])
  func channelsComeFirst(_ input: Shape) {
    let (count, area) = (2, input.height * input.width)
    let x = randomNumbers(count * input.count, seed: 1)
    var (y, back) = ([Float](repeating: .nan, count: x.count), [Float](repeating: .nan, count: x.count))
    do {
      var ySpan = y.mutableSpan
      flatten(x.span, count: count, input: input, into: &ySpan)
      var backSpan = back.mutableSpan
      flattenBackward(dY: ySpan.span, count: count, input: input, into: &backSpan)
    }
    let expected = (0..<count).flatMap { n in
      (0..<input.channels).flatMap { c in
        (0..<area).map { x[n * input.count + $0 * input.channels + c] }
      }
    }
    #expect(y == expected)
    // A permutation's adjoint is its inverse.
    #expect(back == x)
  }
}
