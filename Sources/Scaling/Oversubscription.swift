import Parallel

extension Placement {
  /// Some core has more than one thread to run, however the threads are spread over the cores that they may
  /// use: on some host the ranks whose cores lie within a set of cores have more threads than that set.
  /// Looking at the ranks' own sets and at all cores of the host is enough where the sets nest or are
  /// disjoint, as launchers make them (Hall's condition).
  ///
  /// - Parameter threads: of each rank.
  package func isOversubscribed(threads: Int) -> Bool {
    for host in Set(hosts) {
      let masks = hosts.indices.filter { hosts[$0] == host }.map { cores[$0] }
      let all = masks.reduce(into: Set<Int>()) { $0.formUnion($1) }
      for set in Set(masks).union([all]) where masks.count(where: set.isSuperset) * threads > set.count {
        return true
      }
    }
    return false
  }
}
