import Kernels
import Tensors
import TestSupport
import Testing

/// Kernels that make one tensor of several.
@Suite struct AddTests {
  private func run(
    _ terms: [[Float]], _ activation: Activation, dY: [Float]
  ) -> (y: [Float], dX: [Float]) {
    var (y, gradient) = ([Float](repeating: .nan, count: dY.count), dY)
    let (first, second) = (terms[0], terms[1])
    do {
      var ySpan = y.mutableSpan
      add(first.span, second.span, terms.count == 2 ? activation : .identity, into: &ySpan)
      for (index, term) in terms.enumerated().dropFirst(2) {
        add(term.span, index == terms.count - 1 ? activation : .identity, to: &ySpan)
      }
      var gradientSpan = gradient.mutableSpan
      activation.backward(y: ySpan.span, dY: &gradientSpan)
    }
    return (y, gradient)
  }

  @Test(arguments: Activation.allCases, [1, 16, 33])
  func agreesWithDefinition(_ activation: Activation, count: Int) {
    for inputs in 2...4 {
      let terms = (0..<inputs).map { randomNumbers(count, seed: UInt64($0 + 1)).map { 5 * $0 } }
      let dY = randomNumbers(count, seed: 9)
      let (y, dX) = run(terms, activation, dY: dY)
      func sum(_ first: [Double]) -> [Double] {
        terms.dropFirst().reduce(first) { sum, term in zip(sum, term).map { $0 + Double($1) } }
      }
      expectClose(y, naive(activation, sum(terms[0].doubles)), tolerance: 3e-7, "y of \(inputs)")
      let differences = centralDifferences(at: terms[0].doubles) {
        dot(naive(activation, sum($0)), dY.doubles)
      }
      expectClose(dX, differences, tolerance: 1e-6, "dX of \(inputs)")
    }
  }

  /// Sums of quarters are exact, so that they are 0 and 6 too, where the gradient is 0.
  @Test(.enabled(if: Python.isThere, Comment(rawValue: Python.hint)))
  func agreesWithPyTorch() throws {
    let lines = try pyTorchLines(
      """
      a, b = (torch.arange(200) % 37 - 18) / 4, (torch.arange(200) % 29 - 14) / 4
      for f in (lambda x: x), F.relu, F.relu6:
          x = a.clone().requires_grad_()
          y = f(x + b)
          y.backward(numbers(200, 1))
          show(y, x.grad)
      """)
    let a = (0..<200).map { Float($0 % 37 - 18) / 4 }
    let b = (0..<200).map { Float($0 % 29 - 14) / 4 }
    try #require(lines.count == 6)
    for (index, activation) in [Activation.identity, .relu, .relu6].enumerated() {
      let (y, dX) = run([a, b], activation, dY: exactNumbers(200, seed: 1))
      #expect(y.doubles == lines[2 * index])
      expectClose(dX, lines[2 * index + 1], tolerance: 1e-7, "dX by \(activation)")
      #expect(zip(dX, lines[2 * index + 1]).allSatisfy { ($0 == 0) == ($1 == 0) })
    }
  }

  @Test(arguments: Activation.allCases)
  func whatIsNotFiniteStays(_ activation: Activation) {
    let a = [Float](repeating: .nan, count: 17) + [.infinity, .infinity]
    let b = [Float](repeating: 1, count: 17) + [1, -.infinity]
    let (y, dX) = run([a, b], activation, dY: [Float](repeating: 1, count: 19))
    #expect(y.prefix(17).allSatisfy { $0.isNaN } && y[18].isNaN && y[17] == activation.ceiling)
    #expect(dX == [Float](repeating: 1, count: 17) + [activation == .relu6 ? 0 : 1, 1])
  }
}

@Suite struct ConcatenateTests {
  @Test(arguments: [[1, 1], [3, 16, 5], [32, 17], [7]])
  func agreesWithDefinition(_ channels: [Int]) {
    let (positions, width) = (11, channels.reduce(0, +))
    let inputs = channels.enumerated().map { randomNumbers(positions * $1, seed: UInt64($0 + 1)) }
    var y = [Float](repeating: .nan, count: positions * width)
    var (offset, backs) = (0, inputs.map { [Float](repeating: .nan, count: $0.count) })
    for (index, count) in channels.enumerated() {
      let input = inputs[index]
      var span = y.mutableSpan
      concatenate(input.span, channels: count, at: offset, into: &span, width: width)
      offset += count
    }
    let expected = (0..<positions).flatMap { p in
      channels.indices.flatMap { inputs[$0][p * channels[$0]..<(p + 1) * channels[$0]] }
    }
    #expect(y == expected)
    offset = 0
    for (index, count) in channels.enumerated() {
      var span = backs[index].mutableSpan
      concatenateBackward(dY: y.span, width: width, at: offset, into: &span, channels: count)
      offset += count
    }
    #expect(backs == inputs)
  }

  @Test(.enabled(if: Python.isThere, Comment(rawValue: Python.hint)))
  func agreesWithPyTorch() throws {
    let lines = try pyTorchLines(
      """
      a = numbers(2 * 3 * 4 * 5, 1).view(2, 4, 5, 3).requires_grad_()
      b = numbers(2 * 18 * 4 * 5, 2).view(2, 4, 5, 18).requires_grad_()
      y = torch.cat([a.permute(0, 3, 1, 2), b.permute(0, 3, 1, 2)], 1).permute(0, 2, 3, 1)
      y.backward(numbers(y.numel(), 3).view(y.shape))
      show(y, a.grad, b.grad)
      """)
    let (a, b) = (exactNumbers(120, seed: 1), exactNumbers(720, seed: 2))
    let dY = exactNumbers(840, seed: 3)
    var (y, dA, dB) = (dY, a, b)
    var ySpan = y.mutableSpan
    concatenate(a.span, channels: 3, at: 0, into: &ySpan, width: 21)
    concatenate(b.span, channels: 18, at: 3, into: &ySpan, width: 21)
    var dASpan = dA.mutableSpan
    concatenateBackward(dY: dY.span, width: 21, at: 0, into: &dASpan, channels: 3)
    var dBSpan = dB.mutableSpan
    concatenateBackward(dY: dY.span, width: 21, at: 3, into: &dBSpan, channels: 18)
    try #require(lines.count == 3)
    for (numbers, expected) in zip([y, dA, dB], lines) {
      expectClose(numbers, expected, tolerance: 1e-7, "concatenation")
    }
  }
}
