extension Placement {
  /// Some core has more than one thread to run, however the threads are spread over the cores that they may
  /// use.
  ///
  /// - Parameter threads: of each rank.
  package func isOversubscribed(threads: Int) -> Bool {
    Set(hosts).contains { crowd(on: $0, threads: threads) != nil }
  }

  /// Ranks of a host whose cores lie within a set of cores that is smaller than the number of their threads:
  /// all ranks of the host where they are too many together; nil where none are. Looking at all cores of the
  /// host and at the ranks' own sets is enough where the sets nest or are disjoint, as launchers make them
  /// (Hall's condition).
  ///
  /// - Parameter threads: of each rank.
  package func crowd(on host: String, threads: Int) -> (ranks: [Int], cores: Set<Int>)? {
    let here = hosts.indices.filter { hosts[$0] == host }
    let all = here.reduce(into: Set<Int>()) { $0.formUnion(cores[$1]) }
    var seen: Set = [all]
    for set in [all] + here.map({ cores[$0] }).filter({ seen.insert($0).inserted }) {
      let ranks = here.filter { set.isSuperset(of: cores[$0]) }
      if ranks.count * threads > set.count { return (ranks, set) }
    }
    return nil
  }
}
