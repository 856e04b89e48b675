import Data
import Glibc
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
  /// By position; empty where nobody wants them.
  package let certainties: [Certainty]
}

/// How sure a model is of what it takes a sample for.
package struct Certainty: Equatable, Sendable {
  /// The cross-entropy.
  package let loss: Float
  /// That of the predicted class.
  package let probability: Float

  package init(loss: Float, probability: Float) {
    (self.loss, self.probability) = (loss, probability)
  }

  /// By the logits of a sample of class `label`; in double precision, as a probability near 1 says nothing of how
  /// large the loss is.
  package init(_ logits: Span<Float>, label: Int) {
    var largest = Double(logits[0])
    for index in logits.indices { largest = max(largest, Double(logits[index])) }
    var sum = 0.0
    for index in logits.indices { sum += exp(Double(logits[index]) - largest) }
    loss = Float(log(sum) + largest - Double(logits[label]))
    probability = Float(1 / sum)
  }
}

/// What is kept of each sample besides its class.
enum KeptNumbers: Sendable {
  case none
  /// Loss and probability, see `Certainty`.
  case certainty
  case logits

  /// How many numbers that is.
  func count(classes: Int) -> Int {
    switch self {
    case .none: 0
    case .certainty: 2
    case .logits: classes
    }
  }
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
  /// What is kept besides, and how many numbers that is.
  let keeping: KeptNumbers
  let keptCount: Int
  /// (positions, keptCount)
  let kept: SharedBuffer<Float>
}

extension Engine {
  /// Evaluates `parameters` on all samples of `loader`, divided among ranks and threads. Every rank gets the
  /// result of all.
  func evaluate(
    _ loader: BatchLoader, _ parameters: SharedBuffer<Float>, in world: World, keepCertainties: Bool = false
  ) throws -> EvaluationResult {
    let outcome = try infer(loader, parameters, in: world, keeping: keepCertainties ? .certainty : .none)
    let losses = outcome.losses
    var (loss, correct) = (0.0, 0)
    for index in losses.span.indices { loss += losses.span[index] }
    let predictions = outcome.predictions.array()
    for (position, prediction) in predictions.enumerated() where prediction == loader.label(at: position) {
      correct += 1
    }
    let kept = outcome.kept.array()
    let certainties = stride(from: 0, to: kept.count, by: 2).map {
      Certainty(loss: kept[$0], probability: kept[$0 + 1])
    }
    return EvaluationResult(
      loss: loss / Double(loader.count), accuracy: Double(correct) / Double(loader.count), correct: correct,
      count: loader.count, predictions: predictions, certainties: certainties)
  }

  /// The forward passes of all samples of `loader`, divided among ranks and threads; every rank gets all of
  /// the outcome.
  func infer(
    _ loader: BatchLoader, _ parameters: SharedBuffer<Float>, in world: World, keeping: KeptNumbers
  ) throws -> InferenceShare {
    let plan = pool.leader.plan
    let (size, classes) = (plan.maximumBatch, plan.network.classes)
    let count = (loader.count + size - 1) / size
    let runs = (0..<world.size).map { shard(of: count, $0, of: world.size) }
    let keptCount = keeping.count(classes: classes)
    let share = InferenceShare(
      loader: loader, parameters: parameters, microBatch: size, run: runs[world.rank],
      losses: SharedBuffer(repeating: 0, count: count),
      predictions: SharedBuffer(repeating: 0, count: loader.count), keeping: keeping, keptCount: keptCount,
      kept: SharedBuffer(repeating: 0, count: keptCount > 0 ? loader.count : 0, unit: max(keptCount, 1)))
    world.pulse.enter(.evaluating)
    try pool.clock.measure(.sum) {
      pool.start(.inference(share))
      let own = Result { try pool.leader.infer(share) }
      try pool.wait()
      try own.get()
      try pool.clock.measure(.reduce) {
        try world.waiting { try share.gather(runs, world) }
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
  fileprivate func gather(_ runs: [Range<Int>], _ world: World) throws {
    guard world.size > 1 else { return }
    let shares = runs.map(positions)
    var allLosses = losses.mutableSpan
    try world.communicator.allGather(rowsOf: &allLosses, rowCount: 1, shares: runs)
    var allPredictions = predictions.mutableSpan
    try world.communicator.allGather(rowsOf: &allPredictions, rowCount: 1, shares: shares)
    guard keptCount > 0 else { return }
    var allKept = kept.mutableSpan
    try world.communicator.allGather(rowsOf: &allKept, rowCount: keptCount, shares: shares)
  }

  /// Puts what the logits of the samples at `positions` say where it belongs.
  fileprivate func take(_ found: Span<Float>, classes: Int, at positions: Range<Int>) {
    let (predictions, kept) = (predictions, kept)
    var allPredictions = predictions.mutableSpan
    var own = allPredictions[slice: positions]
    largestLogits(found, classes: classes, into: &own)
    guard keptCount > 0 else { return }
    var allKept = kept.mutableSpan
    var rows = allKept[slice: positions.lowerBound * keptCount..<positions.upperBound * keptCount]
    guard keeping == .certainty else { return rows.copy(from: found) }
    for (row, position) in positions.enumerated() {
      let certainty = Certainty(
        found.extracting(row * classes..<(row + 1) * classes), label: Int(loader.label(at: position)))
      (rows[2 * row], rows[2 * row + 1]) = (certainty.loss, certainty.probability)
    }
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
