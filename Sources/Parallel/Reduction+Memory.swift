extension TreeReducer {
  /// Bytes of the other ranks' nodes that a rank receives: its slice of each.
  ///
  /// - Parameters:
  ///   - gradients: elements of the arena.
  ///   - microBatches: of a step, for each number that there can be.
  static func memory(gradients: Int, microBatches: Set<Int>, worldSize: Int) -> Double {
    let nodes = microBatches.map { count in
      (0..<worldSize).reduce(0) {
        $0 + SummationTree.nodes(ofRun: shard(of: count, $1, of: worldSize)).count
      }
    }
    return 4 * Double(nodes.max() ?? 0) * Double(gradients) / Double(worldSize)
  }
}

extension StagedReducer {
  /// Bytes of what a rank receives in each stage and, where numbers are compressed, of their words and of what
  /// rounding leaves out; see `StagedLevel`.
  ///
  /// - Parameters:
  ///   - gradients: elements of the arena.
  ///   - stages: ranks of each, and whether its numbers are compressed.
  static func memory(gradients: Int, stages: [(size: Int, isCompressed: Bool)]) -> Double {
    var (bytes, range) = (0.0, Double(gradients))
    for stage in stages {
      let slice = range / Double(stage.size)
      let incoming = Double(stage.size - 1) * slice
      bytes += stage.isCompressed ? 2 * incoming + (2 + 4) * range + 4 * slice : 4 * incoming
      range = slice
    }
    return bytes
  }
}

extension World {
  /// Bytes that summing gradients over the ranks takes.
  ///
  /// - Parameters:
  ///   - gradients: elements of the arena.
  ///   - microBatches: of a step, for each number that there can be.
  package func memory(of reduction: Reduction, gradients: Int, microBatches: Set<Int>) -> Double {
    guard size > 1 else { return 0 }
    if reduction.reproducible {
      return TreeReducer.memory(gradients: gradients, microBatches: microBatches, worldSize: size)
    }
    guard reduction.hierarchical || reduction.compression != nil else {
      // Open MPI keeps a copy of each bucket that is under way.
      return 4 * Double(gradients)
    }
    let isCompressed = reduction.compression != nil
    let within = hosts.count { $0 == hosts[rank] }
    let stages =
      reduction.hierarchical ? [(within, false), (size / within, isCompressed)] : [(size, isCompressed)]
    return StagedReducer.memory(gradients: gradients, stages: stages)
  }
}
