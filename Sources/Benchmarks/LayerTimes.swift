import Data
import Kernels
import Networks
import System
import Tensors

/// Seconds that a plan's passes take, by operation.
package struct OperationTimes {
  package var forward: [Double]
  package var backward: [Double]
  /// Softmax and cross-entropy with their gradient.
  package var loss = 0.0

  init(operations: Int) {
    forward = Array(repeating: 0, count: operations)
    backward = forward
  }
}

/// A compiled plan whose operations are timed one by one, in the order in which training runs them: each
/// finds in the caches what the one before it leaves there.
package final class LayerTimes {
  private let plan: Plan
  private let batches: RandomBatches
  private let parameters: SharedBuffer<Float>
  /// Nil for inference.
  private let gradients: SharedBuffer<Float>?
  private var times: OperationTimes

  /// - Parameter microBatch: images a pass.
  package init(
    _ network: Network, microBatch: Int, seed: UInt64, convolution: ConvolutionMethod = .auto,
    forwardOnly: Bool
  ) {
    BLAS.useOneThread()
    plan = Plan(
      network, maximumBatch: microBatch, seed: seed, convolution: convolution, forwardOnly: forwardOnly)
    parameters = SharedBuffer(repeating: 0, count: network.layout.parameterCount)
    gradients = forwardOnly ? nil : SharedBuffer(repeating: 0, count: network.layout.gradientCount)
    times = OperationTimes(operations: plan.operationCount)
    let parameters = parameters
    var values = parameters.mutableSpan
    network.initialize(&values, seed: seed)
    batches = RandomBatches(
      for: network, globalBatch: microBatch, microBatch: microBatch, steps: 1, seed: seed)
    plan.pass.mode = forwardOnly ? .evaluation : .training
    plan.pass.count = microBatch
    plan.pass.globalBatch = microBatch
  }

  package var costs: [OperationCost] { plan.costs }

  /// Seconds a pass: medians over repetitions, each of as many passes as take about 0.1 s.
  package func measure(repetitions: Int) -> OperationTimes {
    let timing = Timing(seconds: 0.1, repetitions: repetitions) { count in seconds(of: count, runPass) }
    let samples = (0..<repetitions).map { _ in
      times = OperationTimes(operations: plan.operationCount)
      for _ in 0..<timing.calls { runPass() }
      return times
    }
    func median(_ part: (OperationTimes) -> Double) -> Double {
      Samples(samples.map { part($0) / Double(timing.calls) }).median
    }
    var result = OperationTimes(operations: plan.operationCount)
    for index in 0..<plan.operationCount {
      result.forward[index] = median { $0.forward[index] }
      result.backward[index] = median { $0.backward[index] }
    }
    result.loss = median { $0.loss }
    return result
  }

  /// Forward, and unless for inference loss and backward, of a micro-batch.
  private func runPass() {
    let (parameters, gradients) = (parameters, gradients)
    do {
      try plan.withInputs { images, targets, samples throws(DataError) in
        try batches.loader.load(0..<plan.maximumBatch, images: &images, targets: &targets, samples: &samples)
      }
    } catch {
      preconditionFailure("images in memory cannot be read: \(error)")
    }
    var stopwatch = Stopwatch()
    for index in 0..<plan.operationCount {
      plan.forward(index, parameters: parameters.span)
      times.forward[index] += stopwatch.lap()
    }
    guard let gradients else { return }
    var written = gradients.mutableSpan
    plan.loss(into: &written)
    times.loss += stopwatch.lap()
    for index in (0..<plan.operationCount).reversed() {
      _ = plan.backward(index, parameters: parameters.span, gradients: &written)
      times.backward[index] += stopwatch.lap()
    }
  }
}
