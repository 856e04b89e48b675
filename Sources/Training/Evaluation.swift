import Data
import Parallel
import Tensors

/// What every thread of a rank needs to know of an evaluation.
struct EvaluationShare: Sendable {
  let loader: BatchLoader
  let parameters: SharedBuffer<Float>
  /// The samples of this rank, and how many threads divide them.
  let samples: Range<Int>
  let threads: Int
}

/// Sums over samples.
struct EvaluationSums {
  var loss = 0.0
  var correct = 0
}

/// How a model does on a data set.
package struct EvaluationResult: Sendable {
  /// Mean cross-entropy.
  package let loss: Double
  /// Share of samples classified right.
  package let accuracy: Double
  package let correct: Int
  package let count: Int
}

extension Trainer {
  /// The parameters that count: their moving average, where there is one.
  package var evaluatedParameters: SharedBuffer<Float> { average?.values ?? parameters }

  /// Evaluates `evaluatedParameters` on all samples of `loader`, divided among ranks and threads; the counts are
  /// exact.
  package func evaluate(_ loader: BatchLoader) throws -> EvaluationResult {
    try pool.evaluate(loader, evaluatedParameters, in: world)
  }
}

extension WorkerPool {
  func evaluate(
    _ loader: BatchLoader, _ parameters: SharedBuffer<Float>, in world: World
  ) throws -> EvaluationResult {
    let share = EvaluationShare(
      loader: loader, parameters: parameters, samples: shard(of: loader.count, world.rank, of: world.size),
      threads: workers.count)
    workers[0].clock.begin()
    start(.evaluate(share))
    workers[0].clock.end(.sum)
    workers[0].evaluate(share)
    wait()
    workers[0].clock.end(.sum)
    let own = workers.reduce(into: EvaluationSums()) {
      $0.loss += $1.evaluation.loss
      $0.correct += $1.evaluation.correct
    }
    let loss = try world.communicator.allReduce(own.loss, .sum)
    let correct = try world.communicator.allReduce(own.correct, .sum)
    workers[0].clock.end(.reduce)
    return EvaluationResult(
      loss: loss / Double(loader.count), accuracy: Double(correct) / Double(loader.count), correct: correct,
      count: loader.count)
  }
}

extension Worker {
  /// This thread's part of an evaluation; the outcome is in `evaluation`.
  func evaluate(_ share: EvaluationShare) {
    evaluation = EvaluationSums()
    let samples = shard(of: share.samples, index, of: share.threads)
    let parameters = share.parameters
    plan.pass.mode = .evaluation
    for start in stride(from: samples.lowerBound, to: samples.upperBound, by: plan.maximumBatch) {
      let positions = start..<min(start + plan.maximumBatch, samples.upperBound)
      plan.pass.count = positions.count
      plan.withInputs { share.loader.load(positions, images: &$0, labels: &$1, samples: &$2) }
      clock.end(.data)
      plan.forward(parameters: parameters.span)
      let (loss, correct) = plan.evaluateLoss()
      clock.end(.forward)
      evaluation.loss += loss
      evaluation.correct += correct
    }
  }
}
