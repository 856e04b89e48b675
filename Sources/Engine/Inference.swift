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

/// The samples that the threads of a rank compute forward passes of, and where they put the outcome.
struct InferenceShare: Sendable {
  let loader: BatchLoader
  let parameters: SharedBuffer<Float>
  /// Samples a micro-batch.
  let microBatch: Int
  /// The micro-batches of this rank.
  let run: Range<Int>
  /// By micro-batch.
  let losses: SharedBuffer<Double>
  /// By position.
  let predictions: SharedBuffer<Int32>
  /// (positions, classes), or empty where nobody wants them.
  let logits: SharedBuffer<Float>
}

extension Engine {
  /// Evaluates `parameters` on all samples of `loader`, divided among ranks and threads. Every rank gets the
  /// result of all.
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
  ) throws -> InferenceShare {
    let plan = pool.leader.plan
    let (size, classes) = (plan.maximumBatch, plan.network.classes)
    let count = (loader.count + size - 1) / size
    let runs = (0..<world.size).map { shard(of: count, $0, of: world.size) }
    let share = InferenceShare(
      loader: loader, parameters: parameters, microBatch: size, run: runs[world.rank],
      losses: SharedBuffer(repeating: 0, count: count),
      predictions: SharedBuffer(repeating: 0, count: loader.count),
      logits: SharedBuffer(repeating: 0, count: keepLogits ? loader.count : 0, unit: classes))
    world.pulse.enter(.evaluating)
    try pool.clock.measure(.sum) {
      pool.start(.inference(share))
      let own = Result { try pool.leader.infer(share) }
      try pool.wait()
      try own.get()
      try pool.clock.measure(.reduce) {
        try world.waiting { try share.gather(runs, classes: classes, world) }
      }
    }
    return share
  }
}

extension InferenceShare {
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

  /// Puts the logits of the samples at `positions` where they belong.
  fileprivate func take(_ found: Span<Float>, classes: Int, at positions: Range<Int>) {
    let (predictions, logits) = (predictions, logits)
    var allPredictions = predictions.mutableSpan
    var own = allPredictions[slice: positions]
    largestLogits(found, classes: classes, into: &own)
    guard !logits.span.isEmpty else { return }
    var allLogits = logits.mutableSpan
    var rows = allLogits[slice: positions.lowerBound * classes..<positions.upperBound * classes]
    rows.copy(from: found)
  }

  fileprivate func positions(ofMicroBatch index: Int) -> Range<Int> { positions(index..<index + 1) }
}

extension Worker {
  /// This thread's part of the forward passes.
  ///
  /// - Throws: `DataError` when a sample cannot be read.
  func infer(_ inference: InferenceShare) throws {
    let classes = plan.network.classes
    plan.pass.mode = .evaluation
    for microBatch in share(of: inference.run) {
      let positions = inference.positions(ofMicroBatch: microBatch)
      plan.pass.count = positions.count
      try clock.measure(.data) {
        try plan.withInputs { images, targets, samples throws(DataError) in
          try inference.loader.load(positions, images: &images, targets: &targets, samples: &samples)
        }
      }
      clock.measure(.forward) {
        plan.forward(parameters: inference.parameters.span)
        inference.losses.unsafeMemory[microBatch] = plan.evaluateLoss().loss
        plan.withLogits { inference.take($0, classes: classes, at: positions) }
      }
    }
  }
}
