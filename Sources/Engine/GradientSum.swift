import Parallel
import Tensors

// How the gradients of a step's micro-batches become one sum: on each thread as they come (`addSiblings`),
// over the rank's threads and then over ranks layer by layer (`reduceCompleteGradients`). The order is that
// of `SummationTree`.

/// Add one buffer to another.
struct BufferMerge {
  let into: SharedBuffer<Float>
  let from: SharedBuffer<Float>
}

/// How a rank sums the gradients that its threads' runs of micro-batches leave behind.
struct RankSum {
  let merges: [BufferMerge]
  /// Where the sums are: one, in the first worker's first gradients; or, with the tree going on across ranks,
  /// one for each of its nodes that the rank covers.
  let nodes: [SharedBuffer<Float>]

  /// - Parameters:
  ///   - runs: the micro-batches of each thread.
  ///   - stopsAtNodes: add siblings only.
  init(of runs: [Range<Int>], _ workers: [Worker], stopsAtNodes: Bool) {
    var nodes: [SummationTree.Node] = []
    var buffers: [SharedBuffer<Float>] = []
    for (run, worker) in zip(runs, workers) where !run.isEmpty {
      let own =
        SummationTree.nodes(ofRun: run.dropLast()) + [SummationTree.Node(level: 0, index: run.upperBound - 1)]
      nodes += own
      buffers += worker.gradients[0..<own.count]
    }
    let merges: [SummationTree.Merge]
    if stopsAtNodes {
      let siblings = SummationTree.siblingMerges(of: nodes)
      merges = siblings.merges
      self.nodes = siblings.left.map { buffers[$0.place] }
    } else {
      merges = SummationTree.merges(of: nodes)
      self.nodes = Array(buffers.prefix(1))
    }
    self.merges = merges.map { BufferMerge(into: buffers[$0.into], from: buffers[$0.from]) }
  }
}

extension Trainer {
  func prepareGradients(for share: StepShare) {
    reducer.begin(microBatches: share.batch.microBatches)
    for worker in pool.workers { worker.completed.store(layout.gradientCount, ordering: .relaxed) }
    mergedFrom = layout.gradientCount
    if share.run.isEmpty {
      // More ranks than micro-batches: this one adds zeros.
      var all = gradients.mutableSpan
      all.update(repeating: 0)
    }
  }

  /// Sums what all threads have completed, starts its reduction over ranks and moves those under way on.
  ///
  /// - Returns: true when that is all of this rank's gradients.
  func reduceCompleteGradients(of share: StepShare) throws -> Bool {
    if reducer.isUnderWay { pool.workers[0].clock.addHidden(since: lastAdvance) }
    var complete = 0
    for worker in pool.workers { complete = max(complete, worker.completed.load(ordering: .acquiring)) }
    if complete < mergedFrom {
      for merge in rankSums[share.batch.microBatches]!.merges {
        var sum = merge.into.mutableSpan
        var part = sum[slice: complete..<mergedFrom]
        add(merge.from.span.extracting(complete..<mergedFrom), to: &part)
      }
      mergedFrom = complete
    }
    let leader = pool.workers[0]
    leader.clock.end(.sum)
    try reducer.advance(to: complete)
    leader.clock.end(.reduce)
    lastAdvance = leader.clock.last
    return complete == 0
  }
}

extension Worker {
  /// Adds the gradients on top of the stack to their siblings below; returns how many went away.
  func addSiblings(after microBatch: Int, _ run: Range<Int>, _ depth: Int) -> Int {
    let merges = SummationTree.merges(afterLeaf: microBatch, runStart: run.lowerBound)
    for level in 0..<merges {
      let (from, into) = (gradients[depth - 1 - level], gradients[depth - 2 - level])
      var sum = into.mutableSpan
      add(from.span, to: &sum)
    }
    return merges
  }
}
