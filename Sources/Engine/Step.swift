import Data
import Glibc
import Networks
import Optimizers
import Parallel
import Tensors

/// What every thread of a rank needs to know of a training step.
package struct StepShare: Sendable {
  let loader: BatchLoader
  package let batch: GlobalBatch
  /// Number of the step since the start of training, from 0.
  let step: Int
  /// The micro-batches of this rank, and how many threads divide them.
  package let run: Range<Int>
  let threads: Int
}

/// Mean loss, and number of right answers, of a global batch: the same on every rank.
package struct StepResult {
  package let loss: Double
  package let correct: Double
}

extension Trainer {
  /// One step of synchronous data-parallel SGD.
  package func step(_ share: StepShare, learningRate: Double) throws -> StepResult {
    let leader = pool.workers[0]
    let start = ContinuousClock.now
    leader.clock.begin()
    world.pulse.enter(.computing, step: share.step + 1)
    prepareGradients(for: share)
    // batch -> forward -> loss -> backward, on all threads; meanwhile the gradients are summed over threads
    // and ranks, layer by layer as they get complete.
    pool.start(.train(share))
    leader.clock.end(.sum)
    try leader.train(share) { _ = try reduceCompleteGradients(of: share) }
    while try !reduceCompleteGradients(of: share) { sched_yield() }
    pool.wait()
    leader.clock.end(.sum)
    world.pulse.enter(.waiting)
    try reducer.finish()
    leader.clock.end(.wait)
    // The sums are means now, of the step metrics too: the same numbers on every rank.
    let result = StepResult(
      loss: Double(gradients.span[layout.place(of: .loss)]),
      correct: Double(gradients.span[layout.place(of: .correct)]))
    updateParameters(learningRate: Float(learningRate), step: share.step)
    leader.clock.end(.update)
    steps?.add(0, number: share.step + 1, from: start, to: .now)
    return result
  }

  private func updateParameters(learningRate: Float, step: Int) {
    let (parameters, gradients) = (parameters, gradients)
    if let clipNorm {
      var all = gradients.mutableSpan
      var trainable = all[slice: layout.trainable]
      normBeforeClipping = clipGradients(&trainable, toNorm: clipNorm)
    }
    var all = parameters.mutableSpan
    var trainable = all[slice: layout.trainable]
    optimizer.step(
      parameters: &trainable, gradients: gradients.span.extracting(layout.trainable),
      learningRate: learningRate, step: step)
    var statistics = all[slice: layout.statistics]
    updateRunningStatistics(&statistics, batch: gradients.span.extracting(layout.statistics))
    average?.update(parameters.span, steps: step + 1)
  }
}

extension Worker {
  /// This thread's part of a step.
  ///
  /// - Parameter afterOperation: called whenever the last micro-batch's backward pass has completed an
  ///   operation.
  func train(_ share: StepShare, afterOperation: () throws -> Void) rethrows {
    let run = shard(of: share.run, index, of: share.threads)
    let parameters = parameters
    var depth = 0
    for microBatch in run {
      let isLast = microBatch == run.upperBound - 1
      let gradient = gradients[depth]
      var gradients = gradient.mutableSpan

      load(share, microBatch)
      clock.end(.data)
      plan.forward(parameters: parameters.span)
      clock.end(.forward)
      plan.loss(into: &gradients)
      for operation in (0..<plan.operationCount).reversed() {
        let complete = plan.backward(operation, parameters: parameters.span, gradients: &gradients)
        if isLast {
          completed.store(complete, ordering: .releasing)
          clock.end(.backward)
          try afterOperation()
        }
      }
      clock.end(.backward)

      depth += 1
      if !isLast { depth -= addSiblings(after: microBatch, run, depth) }
      clock.end(.sum)
    }
    if run.isEmpty { completed.store(0, ordering: .releasing) }
  }

  /// Fills the plan with the samples of a micro-batch.
  private func load(_ share: StepShare, _ microBatch: Int) {
    let positions = share.batch.positions(ofMicroBatch: microBatch)
    plan.pass.mode = .training
    plan.pass.count = positions.count
    plan.pass.globalBatch = share.batch.count
    plan.pass.step = share.step
    plan.withInputs { share.loader.load(positions, images: &$0, labels: &$1, samples: &$2) }
  }
}
