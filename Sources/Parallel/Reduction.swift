import Tensors

/// How gradients are summed over the ranks: which `GradientReducer`, and its settings.
package struct Reduction: Sendable {
  /// Size of the buckets that the arena is reduced in.
  package var bucketBytes = 256 * 1024
  /// In a fixed order, see `TreeReducer`.
  package var reproducible = false
  /// 16 bits on the wire, and within hosts first, see `StagedReducer`.
  package var compression: HalfPrecision?
  package var hierarchical = false

  package init() {}

  /// By MPI's own sums of floats.
  package var isAllReduce: Bool { !reproducible && compression == nil && !hierarchical }

  /// In words, as `MPI_Allreduce`.
  package var words: String {
    if reproducible {
      return "reproducible: the same bits on any number of ranks with this global batch and micro-batch"
    }
    let parts =
      (hierarchical ? ["within hosts first"] : []) + (compression.map { ["gradients as \($0)"] } ?? [])
    return parts.isEmpty ? "MPI_Allreduce" : parts.joined(separator: ", ")
  }

  /// What of it comes to nothing with ranks on these hosts.
  package func idleWarnings(hosts: [String]) -> [String] {
    let hostCount = Set(hosts).count
    var warnings: [String] = []
    if compression != nil && (hosts.count == 1 || hierarchical && hostCount == 1) {
      warnings.append(
        "compressing gradients has no effect where nothing goes between \(hosts.count == 1 ? "ranks" : "hosts")"
      )
    }
    if hierarchical && (hostCount == 1 || hostCount == hosts.count) {
      warnings.append(
        "summing within hosts first has no effect with \(hostCount == 1 ? "one host" : "one rank a host")")
    }
    return warnings
  }
}

extension World {
  /// Called by all ranks.
  ///
  /// - Parameters:
  ///   - gradients: this rank's sum, to be replaced by that of all ranks.
  ///   - nodes: see `TreeReducer`.
  ///   - uncompressed: the part of it that is no gradient and always goes as it is.
  package func reducer(
    _ reduction: Reduction, _ gradients: SharedBuffer<Float>, nodes: [Int: [SharedBuffer<Float>]],
    uncompressed: Range<Int>
  ) throws -> any GradientReducer {
    // MPI counts the elements of a bucket in 32 bits.
    let bucketBytes = min(reduction.bucketBytes, Int(Int32.max) * MemoryLayout<Float>.stride)
    if size > 1 && reduction.reproducible {
      return TreeReducer(self, gradients, nodes: nodes, bucketBytes: bucketBytes)
    }
    if size > 1 && (reduction.hierarchical || reduction.compression != nil) {
      let stages = try reductionStages(
        hierarchical: reduction.hierarchical, reduction.compression, hosts: hosts)
      return StagedReducer(stages, gradients, uncompressed: uncompressed, bucketBytes: bucketBytes)
    }
    return AllReducer(self, gradients, bucketBytes: bucketBytes)
  }
}
