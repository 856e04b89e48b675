import Data
import Kernels
import Networks
import Parallel
import Synchronization
import Tensors

/// One thread of a rank: its plan, and the gradients of the micro-batches that it computes.
///
/// A worker is used by one thread at a time. What others read of it while it computes are the gradients from
/// `completeFrom` on, which it shows them by that atomic store; all else is read when the thread is done.
final class Worker: @unchecked Sendable {
  let index: Int
  private let threads: Int
  let plan: Plan
  let parameters: SharedBuffer<Float>
  /// A stack of partial sums, see `SummationTree`; the last micro-batch's gradients are on top.
  let gradients: [SharedBuffer<Float>]
  /// The gradients of the batch under way are complete from this place of the arena on.
  let completeFrom = Atomic<Int>(0)
  /// What the micro-batches of the last batch contributed to its metrics.
  private(set) var metrics = StepMetrics()
  /// Where this thread's time goes.
  let clock = StepClock()

  /// - Parameters:
  ///   - threads: how many workers divide the rank's micro-batches.
  ///   - gradientCount: most gradients that are kept at once; 0 for inference.
  init(
    index: Int, of threads: Int, network: Network, microBatch: Int, seed: UInt64,
    convolution: ConvolutionMethod, parameters: SharedBuffer<Float>, gradientCount: Int,
    labelSmoothing: Float
  ) {
    self.index = index
    self.threads = threads
    self.parameters = parameters
    plan = Plan(
      network, maximumBatch: microBatch, seed: seed, convolution: convolution,
      labelSmoothing: labelSmoothing, forwardOnly: gradientCount == 0)
    gradients = (0..<gradientCount).map { _ in
      SharedBuffer(repeating: 0, count: network.layout.gradientCount)
    }
  }

  /// How many gradients worker `index` of `threads` keeps at once for any of these shares; 0 without shares.
  static func gradientCount(
    for shares: some Collection<Range<Int>>, _ index: Int, of threads: Int
  ) -> Int {
    shares.map { max(SummationTree.depth(ofRun: shard(of: $0, index, of: threads)), 1) }.max() ?? 0
  }

  /// The part of a rank's micro-batches that is this worker's.
  func share(of indices: Range<Int>) -> Range<Int> { shard(of: indices, index, of: threads) }

  /// This thread's part of a batch: batch -> forward -> loss -> backward, one micro-batch after the other.
  ///
  /// - Parameter onProgress: called whenever the last micro-batch's backward pass has completed an
  ///   operation.
  /// - Throws: what `onProgress` throws, and `DataError` when a sample cannot be read.
  func gradients(of microBatches: MicroBatches, onProgress: () throws -> Void) throws {
    let (run, parameters) = (share(of: microBatches.indices), parameters)
    metrics = StepMetrics()
    var depth = 0
    for microBatch in run {
      let isLast = microBatch == run.upperBound - 1
      try clock.measure(.data) { try load(microBatches, microBatch) }
      clock.measure(.forward) { plan.forward(parameters: parameters.span) }
      try clock.measure(.backward) {
        try backward(into: gradients[depth]) { complete in
          guard isLast else { return }
          completeFrom.store(complete, ordering: .releasing)
          try onProgress()
        }
      }
      depth += 1
      if !isLast { clock.measure(.sum) { depth -= addSiblings(after: microBatch, run, depth) } }
    }
    if run.isEmpty { completeFrom.store(0, ordering: .releasing) }
  }

  /// Fills the plan with the samples of a micro-batch.
  private func load(_ microBatches: MicroBatches, _ microBatch: Int) throws(DataError) {
    let positions = microBatches.batch.positions(ofMicroBatch: microBatch)
    plan.pass.mode = .training
    plan.pass.count = positions.count
    plan.pass.globalBatch = microBatches.batch.count
    plan.pass.step = microBatches.step
    try plan.withInputs { images, targets, samples throws(DataError) in
      if let ring = microBatches.ring {
        try ring.load(positions, images: &images, targets: &targets, samples: &samples)
      } else {
        try microBatches.loader.load(positions, images: &images, targets: &targets, samples: &samples)
      }
    }
  }

  /// Loss and backward pass of the micro-batch that went forward.
  ///
  /// - Parameter onComplete: called after each operation with the place from which on `arena` is complete.
  private func backward(
    into arena: SharedBuffer<Float>, onComplete: (_ place: Int) throws -> Void
  ) rethrows {
    let parameters = parameters
    var gradients = arena.mutableSpan
    let (loss, correct) = plan.loss(into: &gradients)
    metrics += StepMetrics(loss: loss, correct: Double(correct))
    for operation in (0..<plan.operationCount).reversed() {
      try onComplete(plan.backward(operation, parameters: parameters.span, gradients: &gradients))
    }
  }

  /// Adds the gradients on top of the stack to their siblings below; returns how many went away.
  private func addSiblings(after microBatch: Int, _ run: Range<Int>, _ depth: Int) -> Int {
    let merges = SummationTree.merges(afterLeaf: microBatch, runStart: run.lowerBound)
    for level in 0..<merges {
      let (from, into) = (gradients[depth - 1 - level], gradients[depth - 2 - level])
      var sum = into.mutableSpan
      add(from.span, to: &sum)
    }
    return merges
  }
}
