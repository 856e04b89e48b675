import Optimizers
import Tensors
import TestSupport
import Testing

/// Three steps on five numbers; what PyTorch makes of them is in `Tests/Golden/optimizers.py`.
@Suite struct OptimizerTests {
  static let start: [Float] = [0.5, -1.0, 2.0, 0.0, -0.25]
  static let gradients: [[Float]] = [
    [0.1, -0.2, 0.3, 0.0, 1.0], [0.2, 0.1, -0.3, 0.5, 1.0], [-0.4, 0.3, 0.2, -0.1, 1.0],
  ]

  private func run(_ optimizer: any Optimizer) -> [Float] {
    var parameters = Self.start
    for (step, gradient) in Self.gradients.enumerated() {
      var span = parameters.mutableSpan
      optimizer.step(parameters: &span, gradients: gradient.span, learningRate: 0.1, step: step)
    }
    return parameters
  }

  @Test func sgd() {
    expectClose(run(SGD(count: 5, momentum: 0.9)), OptimizerGolden.sgdMomentum, tolerance: 1e-6, "SGD")
    expectClose(
      run(SGD(count: 5, momentum: 0.9, nesterov: true)), OptimizerGolden.sgdNesterov, tolerance: 1e-6,
      "Nesterov")
    expectClose(
      run(SGD(count: 5, momentum: 0.9, weightDecay: 0.01)), OptimizerGolden.sgdDecay, tolerance: 1e-6,
      "weight decay")
    expectClose(run(SGD(count: 5, momentum: 0)), OptimizerGolden.sgdPlain, tolerance: 1e-6, "plain")
  }

  @Test func adam() {
    expectClose(run(Adam(count: 5)), OptimizerGolden.adam, tolerance: 1e-6, "Adam")
    expectClose(
      run(Adam(count: 5, weightDecay: 0.01)), OptimizerGolden.adamDecay, tolerance: 1e-6, "weight decay")
  }

  @Test func adamw() {
    expectClose(
      run(Adam(count: 5, decouplesDecay: true)), OptimizerGolden.adamw, tolerance: 1e-6, "no decay")
    expectClose(
      run(Adam(count: 5, weightDecay: 0.3, decouplesDecay: true)), OptimizerGolden.adamwDecay,
      tolerance: 1e-6, "decay")
  }

  @Test func lars() {
    func make(_ layout: ParameterLayout, nesterov: Bool = false, decay: Float) -> LARS {
      LARS(layout, momentum: 0.9, nesterov: nesterov, weightDecay: decay, trustCoefficient: 0.1)
    }
    expectByLayer("plain", OptimizerGolden.larsWeight, OptimizerGolden.larsBias) { make($0, decay: 0) }
    expectByLayer("decay", OptimizerGolden.larsWeightDecay, OptimizerGolden.larsBias) {
      make($0, decay: 0.3)
    }
    expectByLayer("Nesterov", OptimizerGolden.larsWeightNesterov, OptimizerGolden.sgdNesterov) {
      make($0, nesterov: true, decay: 0.3)
    }
  }

  @Test func lamb() {
    expectByLayer("plain", OptimizerGolden.lambWeight, OptimizerGolden.lambBias) { LAMB($0) }
    expectByLayer("decay", OptimizerGolden.lambWeightDecay, OptimizerGolden.lambBias) {
      LAMB($0, weightDecay: 0.3)
    }
  }

  /// Three steps on tensors that each repeat the five numbers, which leaves the ratios of norms as they are: a small
  /// weight, one of several blocks and a rest, a bias, and statistics between, which no optimizer sees.
  private func expectByLayer(
    _ what: String, _ weight: [Double], _ bias: [Double], _ make: (ParameterLayout) -> any Optimizer,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let layout = ParameterLayout([
      ("a.weight", [5, 1], .trainable), ("a.running_mean", [5], .statistic), ("a.bias", [5], .trainable),
      ("b.weight", [3, 5, 7, 11], .trainable), ("c.weight", [1, 5, 1, 1], .trainable),
    ])
    let places = layout.tensors.filter { $0.kind == .trainable }
    func filled(_ numbers: [Float]) -> [Float] {
      var arena = [Float](repeating: 0, count: layout.trainable.count)
      for tensor in places {
        for index in tensor.range { arena[index] = numbers[(index - tensor.range.lowerBound) % 5] }
      }
      return arena
    }
    var parameters = filled(Self.start)
    let optimizer = make(layout)
    for (step, gradient) in Self.gradients.enumerated() {
      let gradients = filled(gradient)
      var span = parameters.mutableSpan
      optimizer.step(parameters: &span, gradients: gradients.span, learningRate: 0.1, step: step)
    }
    for tensor in places {
      let expected = tensor.name == "a.bias" ? bias : weight
      expectClose(
        Array(parameters[tensor.range]), tensor.range.map { expected[($0 - tensor.range.lowerBound) % 5] },
        tolerance: 1e-6, "\(what), \(tensor.name)", sourceLocation: sourceLocation)
    }
    let used = places.reduce(into: Set<Int>()) { $0.formUnion($1.range) }
    #expect(parameters.indices.allSatisfy { used.contains($0) || parameters[$0] == 0 }, "\(what): gaps")
  }

  /// A weight of zeros would never move by its own norm; nothing happens without a gradient.
  @Test func zerosHaveARatioOfOne() {
    let layout = ParameterLayout([("weight", [2, 2], .trainable)])
    let makers: [(what: String, step: Double, make: () -> any Optimizer)] = [
      ("LARS", 0.05, { LARS(layout, momentum: 0, weightDecay: 0.1) }), ("LAMB", 0.1, { LAMB(layout) }),
    ]
    let none = [Float](repeating: 0, count: 16)
    for (what, step, make) in makers {
      for (gradient, expected) in [(Float(0), 0.0), (0.5, -step)] {
        let gradients = [Float](repeating: gradient, count: 4) + none.prefix(12)
        var parameters = none
        var span = parameters.mutableSpan
        make().step(parameters: &span, gradients: gradients.span, learningRate: 0.1, step: 0)
        let wanted = [Double](repeating: expected, count: 4)
        expectClose(Array(parameters.prefix(4)), wanted, tolerance: 1e-5, "\(what), gradient \(gradient)")
      }
    }
  }

  @Test func runningStatisticsFollowTheBatches() {
    var running: [Float] = [0, 1]
    var span = running.mutableSpan
    updateRunningStatistics(&span, batch: [10, 2].span)
    #expect(running == [1, 1.1])
  }
}
