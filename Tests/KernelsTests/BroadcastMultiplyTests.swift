import Kernels
import Tensors
import TestSupport
import Testing

@Suite struct BroadcastMultiplyTests {
  /// All ways to repeat, with odd numbers of channels and whole vectors of them.
  static let cases = [Shape(3, 4, 17), Shape(2, 3, 32), Shape(1, 1, 5), Shape(4, 1, 1)].flatMap { shape in
    [
      shape, Shape(1, 1, shape.channels), Shape(shape.height, shape.width, 1), Shape(1, 1, 1),
      Shape(shape.height, 1, shape.channels), Shape(1, shape.width, 1), Shape(1, shape.width, shape.channels),
    ].map { (shape, $0) }
  }
  private static let count = 3

  private func twin(_ a: [Double], _ b: [Double], _ shape: Shape, _ factor: Shape) -> [Double] {
    var y = a
    for n in 0..<Self.count {
      for h in 0..<shape.height {
        for w in 0..<shape.width {
          for c in 0..<shape.channels {
            let (i, j) = (factor.height == 1 ? 0 : h, factor.width == 1 ? 0 : w)
            let place = ((n * factor.height + i) * factor.width + j) * factor.channels
            y[((n * shape.height + h) * shape.width + w) * shape.channels + c] *=
              b[place + (factor.channels == 1 ? 0 : c)]
          }
        }
      }
    }
    return y
  }

  private func run(
    _ shape: Shape, _ factor: Shape, _ a: [Float], _ b: [Float], dY: [Float]
  ) -> (y: [Float], dA: [Float], dB: [Float]) {
    let kernel = BroadcastMultiply(shape, by: factor)
    var y = [Float](repeating: .nan, count: a.count)
    var (dA, dB) = (y, [Float](repeating: .nan, count: b.count))
    var ySpan = y.mutableSpan
    kernel.forward(a.span, b.span, count: Self.count, into: &ySpan)
    var dASpan = dA.mutableSpan
    kernel.forward(dY.span, b.span, count: Self.count, into: &dASpan)
    var dBSpan = dB.mutableSpan
    kernel.factorGradient(dY: dY.span, a.span, count: Self.count, into: &dBSpan)
    return (y, dA, dB)
  }

  @Test(arguments: cases)
  func agreesWithDefinition(_ shape: Shape, _ factor: Shape) {
    let a = randomNumbers(Self.count * shape.count, seed: 1)
    let b = randomNumbers(Self.count * factor.count, seed: 2)
    let dY = randomNumbers(a.count, seed: 3)
    let result = run(shape, factor, a, b, dY: dY)
    let (ad, bd, ud) = (a.doubles, b.doubles, dY.doubles)
    expectClose(result.y, twin(ad, bd, shape, factor), tolerance: 1e-7, "y")
    // Linear in a and b each: differences of any step are exact.
    func differences(at point: [Double], _ y: ([Double]) -> [Double]) -> [Double] {
      centralDifferences(at: point, step: 1) { dot(y($0), ud) }
    }
    expectClose(result.dA, differences(at: ad) { twin($0, bd, shape, factor) }, tolerance: 1e-6, "dA")
    expectClose(result.dB, differences(at: bd) { twin(ad, $0, shape, factor) }, tolerance: 1e-6, "dB")
  }

  @Test(.enabled(if: Python.isThere, Comment(rawValue: Python.hint)))
  func agreesWithPyTorch() throws {
    let list = Self.cases.map { shape, factor in
      "((\(shape.height), \(shape.width), \(shape.channels)), "
        + "(\(factor.height), \(factor.width), \(factor.channels)))"
    }
    let lines = try pyTorchLines(
      """
      for shape, factor in [\(list.joined(separator: ", "))]:
          area, small = [\(Self.count) * s[0] * s[1] * s[2] for s in (shape, factor)]
          a = numbers(area, 1).view(\(Self.count), *shape).requires_grad_()
          b = numbers(small, 2).view(\(Self.count), *factor).requires_grad_()
          y = a * b
          y.backward(numbers(area, 3).view(y.shape))
          show(y, a.grad, b.grad)
      """)
    try #require(lines.count == 3 * Self.cases.count)
    for (index, (shape, factor)) in Self.cases.enumerated() {
      let a = exactNumbers(Self.count * shape.count, seed: 1)
      let b = exactNumbers(Self.count * factor.count, seed: 2)
      let result = run(shape, factor, a, b, dY: exactNumbers(a.count, seed: 3))
      expectClose(result.y, lines[3 * index], tolerance: 1e-7, "y")
      expectClose(result.dA, lines[3 * index + 1], tolerance: 1e-7, "dA")
      expectClose(result.dB, lines[3 * index + 2], tolerance: 1e-6, "dB")
    }
  }

  @Test func factorsFitByAxis() {
    let shape = Shape(4, 5, 6)
    #expect(BroadcastMultiply.fits(Shape(4, 1, 6), to: shape) && BroadcastMultiply.fits(shape, to: shape))
    #expect(!BroadcastMultiply.fits(Shape(2, 5, 6), to: shape))
    #expect(!BroadcastMultiply.fits(Shape(1, 1, 3), to: shape))
  }
}
