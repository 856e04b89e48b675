import Optimizers
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

  @Test func runningStatisticsFollowTheBatches() {
    var running: [Float] = [0, 1]
    var span = running.mutableSpan
    updateRunningStatistics(&span, batch: [10, 2].span)
    #expect(running == [1, 1.1])
  }
}
