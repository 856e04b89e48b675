/// The fixed binary tree in which the gradients of micro-batches 0..<S are summed: aligned pairs, then pairs
/// of pairs; a node without a right sibling moves up as it is.
///
/// The order of additions does not depend on who computes what.
package enum SummationTree {
  /// The sum of leaves `index << level`..<`(index + 1) << level`.
  package struct Node: Equatable, Sendable {
    package let level: Int
    package let index: Int

    package init(level: Int, index: Int) {
      self.level = level
      self.index = index
    }

    func isLeftSibling(of other: Node) -> Bool {
      level == other.level && index % 2 == 0 && other.index == index + 1
    }
  }

  /// Add what is at place `from` of a list of nodes to what is at place `into`.
  package struct Merge: Equatable, Sendable {
    package let into: Int
    package let from: Int
  }

  /// How many additions leaf `leaf` makes possible when it comes last in a run of leaves that began at
  /// `start`: each adds the top of a stack of nodes to the one below.
  package static func merges(afterLeaf leaf: Int, runStart start: Int) -> Int {
    var level = 0
    while leaf >> level & 1 == 1 && (leaf >> (level + 1)) << (level + 1) >= start { level += 1 }
    return level
  }

  /// The nodes that are left of a run of leaves once siblings are added, in order.
  package static func nodes(ofRun run: Range<Int>) -> [Node] {
    var nodes: [Node] = []
    for leaf in run {
      let level = merges(afterLeaf: leaf, runStart: run.lowerBound)
      nodes.removeLast(level)
      nodes.append(Node(level: level, index: leaf >> level))
    }
    return nodes
  }

  /// The most nodes there are at once while a run is computed leaf by leaf, the new leaf included.
  package static func depth(ofRun run: Range<Int>) -> Int {
    var (count, most) = (0, 0)
    for leaf in run {
      most = max(most, count + 1)
      count += 1 - merges(afterLeaf: leaf, runStart: run.lowerBound)
    }
    return most
  }

  /// The additions of siblings among consecutive nodes, as soon as both are there, and the nodes that are
  /// left, with their places.
  package static func siblingMerges(
    of nodes: [Node]
  ) -> (merges: [Merge], left: [(node: Node, place: Int)]) {
    var merges: [Merge] = []
    var stack: [(node: Node, place: Int)] = []
    for (place, node) in nodes.enumerated() {
      stack.append((node, place))
      while stack.count > 1, stack[stack.count - 2].node.isLeftSibling(of: stack[stack.count - 1].node) {
        merges.append(Merge(into: stack[stack.count - 2].place, from: stack.removeLast().place))
        let left = stack.removeLast()
        stack.append((Node(level: left.node.level + 1, index: left.node.index / 2), left.place))
      }
    }
    return (merges, stack)
  }

  /// The additions that make one sum, at place 0, of consecutive nodes: siblings first, at last the rest from
  /// right to left.
  package static func merges(of nodes: [Node]) -> [Merge] {
    var (merges, left) = siblingMerges(of: nodes)
    while left.count > 1 {
      merges.append(Merge(into: left[left.count - 2].place, from: left.removeLast().place))
    }
    return merges
  }
}
