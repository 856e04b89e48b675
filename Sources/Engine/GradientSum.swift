import Parallel
import Tensors

/// Sums the gradients that a rank's threads leave behind, place by place as all threads have completed them,
/// in the order of `SummationTree`.
final class GradientSum {
  /// Add one buffer to another.
  private struct Merge {
    let into: SharedBuffer<Float>
    let from: SharedBuffer<Float>
  }

  private let workers: [Worker]
  private let keepsNodes: Bool
  /// The additions, and where the sums are in the end, by the number of micro-batches of a batch. There is one
  /// sum, in the first worker's first gradients; or, with nodes kept, one for each node that the rank covers.
  private var merges: [Int: [Merge]] = [:]
  private(set) var nodes: [Int: [SharedBuffer<Float>]] = [:]
  /// What is to be added in the batch under way, from which place of the arena on that is done.
  private var current: [Merge] = []
  private var mergedFrom = 0

  /// - Parameters:
  ///   - shares: the rank's micro-batches by the number of micro-batches of a batch.
  ///   - keepsNodes: add siblings in the tree only.
  init(of workers: [Worker], shares: [Int: Range<Int>], keepsNodes: Bool) {
    self.workers = workers
    self.keepsNodes = keepsNodes
    for (count, share) in shares { plan(count, share) }
  }

  private func plan(_ count: Int, _ share: Range<Int>) {
    var nodes: [SummationTree.Node] = []
    var buffers: [SharedBuffer<Float>] = []
    for worker in workers {
      let run = worker.share(of: share)
      guard !run.isEmpty else { continue }
      let own =
        SummationTree.nodes(ofRun: run.dropLast()) + [SummationTree.Node(level: 0, index: run.upperBound - 1)]
      nodes += own
      buffers += worker.gradients[0..<own.count]
    }
    let additions: [SummationTree.Merge]
    if keepsNodes {
      let siblings = SummationTree.siblingMerges(of: nodes)
      additions = siblings.merges
      self.nodes[count] = siblings.left.map { buffers[$0.place] }
    } else {
      additions = SummationTree.merges(of: nodes)
      self.nodes[count] = Array(buffers.prefix(1))
    }
    merges[count] = additions.map { Merge(into: buffers[$0.into], from: buffers[$0.from]) }
  }

  /// A batch begins: nothing of its gradients is complete.
  func begin(_ microBatches: MicroBatches) {
    guard let planned = merges[microBatches.batch.microBatches] else {
      preconditionFailure(
        "a batch of \(microBatches.batch.microBatches) micro-batches, prepared for \(merges.keys.sorted())")
    }
    current = planned
    let arena = workers[0].gradients[0]
    mergedFrom = arena.unsafeMemory.count
    for worker in workers { worker.completeFrom.store(mergedFrom, ordering: .relaxed) }
    if microBatches.indices.isEmpty {
      // More ranks than micro-batches: this one adds zeros.
      var all = arena.mutableSpan
      all.update(repeating: 0)
    }
  }

  /// Adds what all threads have completed since the last call.
  ///
  /// - Returns: the place of the arena from which on the sums are complete.
  func addComplete() -> Int {
    var complete = 0
    for worker in workers { complete = max(complete, worker.completeFrom.load(ordering: .acquiring)) }
    guard complete < mergedFrom else { return mergedFrom }
    for merge in current {
      var sum = merge.into.mutableSpan
      var part = sum[slice: complete..<mergedFrom]
      add(merge.from.span.extracting(complete..<mergedFrom), to: &part)
    }
    mergedFrom = complete
    return complete
  }

  /// All of the batch's gradients are summed.
  var isComplete: Bool { mergedFrom == 0 }
}
