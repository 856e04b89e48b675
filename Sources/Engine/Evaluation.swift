import Data
import Kernels
import Parallel
import Tensors

/// How a model does on a data set.
package struct EvaluationResult: Sendable {
  /// Mean cross-entropy.
  package let loss: Double
  /// Share of samples classified right.
  package let accuracy: Double
  package let correct: Int
  package let count: Int
  /// Class of each sample's largest logit, by position; -1 where a logit is no number.
  package let predictions: [Int32]
}

extension Trainer {
  /// The parameters that count: their moving average, where there is one.
  package var evaluatedParameters: SharedBuffer<Float> { average?.values ?? parameters }

  /// Evaluates `evaluatedParameters` on all samples of `loader`, divided among ranks and threads.
  ///
  /// The work is cut into whole micro-batches, whoever computes them, and their losses are added in order:
  /// for equal parameters the result is bitwise the same on any number of ranks and threads.
  package func evaluate(_ loader: BatchLoader) throws -> EvaluationResult {
    try pool.evaluate(loader, evaluatedParameters, in: world)
  }
}

/// What every thread of a rank needs to know of an evaluation, and where it puts the outcome.
struct EvaluationShare: Sendable {
  let loader: BatchLoader
  let parameters: SharedBuffer<Float>
  /// Samples a micro-batch.
  let microBatch: Int
  /// The micro-batches of this rank, and how many threads divide them.
  let run: Range<Int>
  let threads: Int
  /// By micro-batch.
  let losses: SharedBuffer<Double>
  /// By position.
  let predictions: SharedBuffer<Int32>
  /// (positions, classes), or empty where nobody wants them.
  let logits: SharedBuffer<Float>
}

extension WorkerPool {
  func evaluate(
    _ loader: BatchLoader, _ parameters: SharedBuffer<Float>, in world: World
  ) throws -> EvaluationResult {
    let outcome = try infer(loader, parameters, in: world, keepLogits: false)
    let losses = outcome.losses
    var (loss, correct) = (0.0, 0)
    for index in losses.span.indices { loss += losses.span[index] }
    let predictions = outcome.predictions.array()
    for (position, prediction) in predictions.enumerated() where prediction == loader.label(at: position) {
      correct += 1
    }
    return EvaluationResult(
      loss: loss / Double(loader.count), accuracy: Double(correct) / Double(loader.count), correct: correct,
      count: loader.count, predictions: predictions)
  }

  /// The forward passes of all samples of `loader`, divided among ranks and threads; every rank gets all of
  /// the outcome.
  func infer(
    _ loader: BatchLoader, _ parameters: SharedBuffer<Float>, in world: World, keepLogits: Bool
  ) throws -> EvaluationShare {
    let plan = workers[0].plan
    let (size, classes) = (plan.maximumBatch, plan.network.classes)
    let count = (loader.count + size - 1) / size
    let runs = (0..<world.size).map { shard(of: count, $0, of: world.size) }
    let share = EvaluationShare(
      loader: loader, parameters: parameters, microBatch: size, run: runs[world.rank], threads: workers.count,
      losses: SharedBuffer(repeating: 0, count: count),
      predictions: SharedBuffer(repeating: 0, count: loader.count),
      logits: SharedBuffer(repeating: 0, count: keepLogits ? loader.count : 0, unit: classes))
    world.pulse.enter(.evaluating)
    workers[0].clock.begin()
    start(.evaluate(share))
    workers[0].clock.end(.sum)
    workers[0].evaluate(share)
    wait()
    workers[0].clock.end(.sum)
    try world.waiting { try share.gather(runs, classes: classes, world) }
    workers[0].clock.end(.reduce)
    return share
  }
}

extension EvaluationShare {
  /// Positions of the samples in a run of micro-batches.
  private func positions(_ run: Range<Int>) -> Range<Int> {
    min(run.lowerBound * microBatch, loader.count)..<min(run.upperBound * microBatch, loader.count)
  }

  /// Completes the outcome by the other ranks' shares.
  fileprivate func gather(_ runs: [Range<Int>], classes: Int, _ world: World) throws {
    guard world.size > 1 else { return }
    let shares = runs.map(positions)
    var allLosses = losses.mutableSpan
    try world.communicator.allGather(rowsOf: &allLosses, rowCount: 1, shares: runs)
    var allPredictions = predictions.mutableSpan
    try world.communicator.allGather(rowsOf: &allPredictions, rowCount: 1, shares: shares)
    guard !logits.span.isEmpty else { return }
    var allLogits = logits.mutableSpan
    try world.communicator.allGather(rowsOf: &allLogits, rowCount: classes, shares: shares)
  }

  fileprivate func positions(ofMicroBatch index: Int) -> Range<Int> { positions(index..<index + 1) }
}

extension Worker {
  /// This thread's part of an evaluation.
  func evaluate(_ share: EvaluationShare) {
    let classes = plan.network.classes
    let parameters = share.parameters
    plan.pass.mode = .evaluation
    for microBatch in shard(of: share.run, index, of: share.threads) {
      let positions = share.positions(ofMicroBatch: microBatch)
      plan.pass.count = positions.count
      plan.withInputs { share.loader.load(positions, images: &$0, labels: &$1, samples: &$2) }
      clock.end(.data)
      plan.forward(parameters: parameters.span)
      var losses = share.losses.mutableSpan
      losses[microBatch] = plan.evaluateLoss().loss
      plan.withLogits { found in
        var predictions = share.predictions.mutableSpan
        var own = predictions[slice: positions]
        largestLogits(found, classes: classes, into: &own)
        guard !share.logits.span.isEmpty else { return }
        var logits = share.logits.mutableSpan
        var rows = logits[slice: positions.lowerBound * classes..<positions.upperBound * classes]
        rows.copy(from: found)
      }
      clock.end(.forward)
    }
  }
}
