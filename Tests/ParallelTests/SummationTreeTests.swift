import Parallel
import Testing

@Suite struct SummationTreeTests {
  /// The sum of leaves `range` of the tree over 0..<count, written as nested pairs.
  private func tree(_ level: Int, _ index: Int, _ count: Int) -> String {
    guard index << level < count else { return "" }
    if level == 0 { return "\(index)" }
    let (left, right) = (tree(level - 1, 2 * index, count), tree(level - 1, 2 * index + 1, count))
    return right.isEmpty ? left : "(\(left)+\(right))"
  }

  /// Adds up one run as a worker does, keeping the last leaf apart.
  private func stack(_ run: Range<Int>) -> [String] {
    var stack: [String] = []
    for leaf in run {
      stack.append("\(leaf)")
      if leaf == run.upperBound - 1 { break }
      for _ in 0..<SummationTree.merges(afterLeaf: leaf, runStart: run.lowerBound) {
        let right = stack.removeLast()
        stack.append("(\(stack.removeLast())+\(right))")
      }
    }
    return stack
  }

  /// What threads with these runs make together.
  private func sum(_ runs: [Range<Int>]) -> String {
    var values: [String] = []
    var nodes: [SummationTree.Node] = []
    for run in runs where !run.isEmpty {
      let own = stack(run)
      values += own
      nodes +=
        SummationTree.nodes(ofRun: run.dropLast()) + [SummationTree.Node(level: 0, index: run.upperBound - 1)]
      #expect(own.count <= SummationTree.depth(ofRun: run))
    }
    #expect(nodes.count == values.count)
    for merge in SummationTree.merges(of: nodes) {
      #expect(merge.into < merge.from)
      values[merge.into] = "(\(values[merge.into])+\(values[merge.from]))"
    }
    return values[0]
  }

  /// However many threads divide the leaves: always the same tree.
  @Test func isTheSameForAnyNumberOfThreads() {
    for count in 1...33 {
      var level = 0
      while 1 << level < count { level += 1 }
      let expected = tree(level, 0, count)
      for threads in 1...9 {
        let runs = (0..<threads).map { shard(of: count, $0, of: threads) }
        #expect(sum(runs) == expected, "\(count) leaves, \(threads) threads")
      }
    }
  }

  /// Ranks add siblings only, and then the nodes of all: the same tree again.
  @Test func isTheSameForAnyNumberOfRanks() {
    for count in 1...33 {
      let whole = sum([0..<count])
      for (ranks, threads) in [(2, 1), (3, 2), (4, 3), (5, 1), (8, 2), (40, 1)] {
        var values: [String] = []
        var nodes: [SummationTree.Node] = []
        for rank in 0..<ranks {
          let own = shard(of: count, rank, of: ranks)
          var (parts, leaves): ([String], [SummationTree.Node]) = ([], [])
          for thread in 0..<threads {
            let run = shard(of: own, thread, of: threads)
            guard !run.isEmpty else { continue }
            parts += stack(run)
            leaves +=
              SummationTree.nodes(ofRun: run.dropLast())
              + [SummationTree.Node(level: 0, index: run.upperBound - 1)]
          }
          let siblings = SummationTree.siblingMerges(of: leaves)
          for merge in siblings.merges { parts[merge.into] = "(\(parts[merge.into])+\(parts[merge.from]))" }
          #expect(siblings.left.map(\.node) == SummationTree.nodes(ofRun: own))
          nodes += siblings.left.map(\.node)
          values += siblings.left.map { parts[$0.place] }
        }
        for merge in SummationTree.merges(of: nodes) {
          values[merge.into] = "(\(values[merge.into])+\(values[merge.from]))"
        }
        #expect(values[0] == whole, "\(count) leaves, \(ranks) ranks, \(threads) threads")
      }
    }
  }

  /// A rank in the middle sums each of its leaves once.
  @Test func sumsAnyRun() {
    for start in 0..<9 {
      for end in start + 1..<18 {
        let text = sum([start..<end])
        let leaves = text.split { !$0.isNumber }.map { Int($0)! }
        #expect(leaves == Array(start..<end), "\(text)")
      }
    }
  }

  @Test func depthIsLogarithmic() {
    #expect(SummationTree.depth(ofRun: 0..<0) == 0)
    #expect(SummationTree.depth(ofRun: 0..<1) == 1)
    #expect(SummationTree.depth(ofRun: 0..<2) == 2)
    #expect(SummationTree.depth(ofRun: 0..<1024) == 11)
    #expect(SummationTree.depth(ofRun: 511..<513) == 2)
  }
}
