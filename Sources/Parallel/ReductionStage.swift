import MPI
import Tensors

/// Ranks that sum among themselves, and how numbers go between them.
package final class ReductionStage {
  let communicator: Communicator
  /// Nil for numbers as they are.
  let compression: HalfPrecision?

  init(_ communicator: consuming Communicator, _ compression: HalfPrecision?) {
    self.communicator = communicator
    self.compression = compression
  }
}

extension World {
  /// One stage of all ranks, or two, within hosts and between them. Called by all ranks.
  ///
  /// - Parameters:
  ///   - compression: of the last stage.
  ///   - hosts: by rank.
  /// - Throws: on all ranks, when stages within hosts are wanted and the hosts have different numbers of
  ///   ranks.
  package func reductionStages(
    hierarchical: Bool, _ compression: HalfPrecision?, hosts: [String]
  ) throws -> [ReductionStage] {
    guard hierarchical else { return [ReductionStage(try communicator.duplicate(), compression)] }
    let onHosts = Dictionary(grouping: hosts.indices) { hosts[$0] }
    let counts = Set(onHosts.values.map(\.count))
    guard counts.count == 1 else { throw UnevenHostsError(counts: onHosts.mapValues(\.count)) }
    let own = onHosts[hosts[rank]]!
    let within = try communicator.split(color: own[0], key: rank)
    let between = try communicator.split(color: own.firstIndex(of: rank)!, key: rank)
    let (ranksWithin, hostCount) = (within.size, between.size)
    let stages = [ReductionStage(within, nil), ReductionStage(between, compression)]
    if ranksWithin == 1 { return [stages[1]] }
    return hostCount == 1 ? [stages[0]] : stages
  }
}

private struct UnevenHostsError: AgreedError, CustomStringConvertible {
  let counts: [String: Int]

  var description: String {
    let shown = counts.sorted { $0.key < $1.key }.prefix(4).map { "\($0.value) on \($0.key)" }
    return
      "expected as many ranks on each host, to sum within hosts first, found \(shown.joined(separator: ", "))"
      + (counts.count > 4 ? ", ..." : "")
  }
}
