import CHwloc

/// The cores of this machine, and which hardware threads, as the system numbers them, belong to each.
package struct Topology: Sendable {
  /// The hardware threads of each core, ascending; where the system does not say which share a core, each is
  /// one. Those that a cpuset forbids are there too.
  package let cores: [[Int]]
  /// The hardware threads that this one, and so its process, may run on: what `taskset`, a launcher or a
  /// cpuset leave it. Ascending.
  package let available: [Int]

  /// Asks the system.
  ///
  /// - Parameter synthetic: a made-up machine instead, such as `core:2 pu:2`, see hwloc's *Synthetic
  ///   topologies*.
  /// - Throws: `SystemError` where hwloc cannot tell.
  package init(synthetic: String? = nil) throws(SystemError) {
    func check(_ code: Int32, _ what: String = "hwloc to list the cores of this machine") throws(SystemError)
    {
      guard code == 0 else { throw SystemError(what) }
    }
    var topology: hwloc_topology_t?
    try check(hwloc_topology_init(&topology))
    defer { hwloc_topology_destroy(topology) }
    if let synthetic {
      try check(hwloc_topology_set_synthetic(topology, synthetic), "hwloc to know the machine \(synthetic)")
    }
    // Devices and caches are of no interest, and take long to find.
    try check(hwloc_topology_set_all_types_filter(topology, HWLOC_TYPE_FILTER_KEEP_NONE))
    try check(hwloc_topology_set_type_filter(topology, HWLOC_OBJ_CORE, HWLOC_TYPE_FILTER_KEEP_ALL))
    try check(hwloc_topology_set_flags(topology, UInt(HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED.rawValue)))
    try check(hwloc_topology_load(topology))

    let all = Self.numbers(hwloc_topology_get_topology_cpuset(topology))
    var cores: [[Int]] = []
    for index in 0..<max(hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE), 0) {
      cores.append(
        Self.numbers(hwloc_get_obj_by_type(topology, HWLOC_OBJ_CORE, UInt32(index)).pointee.cpuset))
    }
    let withoutCore = Set(all).subtracting(cores.joined()).sorted()
    available = synthetic == nil ? try Self.affinityMask(topology) : all
    self.cores = (cores + withoutCore.map { [$0] }).filter { !$0.isEmpty }.sorted { $0[0] < $1[0] }
  }

  /// The hardware threads of this machine, ascending.
  package var hardwareThreads: [Int] { cores.flatMap { $0 }.sorted() }

  /// The cores that this process may use, each as the lowest of its hardware threads; ascending.
  package var availableCores: [Int] { physicalCores(of: available) }

  /// The cores behind hardware threads, each as the lowest of all its threads; ascending.
  package func physicalCores(of threads: [Int]) -> [Int] {
    let wanted = Set(threads)
    let known = cores.filter { !wanted.isDisjoint(with: $0) }
    return (known.map { $0[0] } + wanted.subtracting(known.joined())).sorted()
  }

  private static func affinityMask(_ topology: hwloc_topology_t?) throws(SystemError) -> [Int] {
    let set = hwloc_bitmap_alloc()
    defer { hwloc_bitmap_free(set) }
    guard set != nil, hwloc_get_cpubind(topology, set, Int32(HWLOC_CPUBIND_THREAD.rawValue)) == 0 else {
      throw SystemError("hwloc to tell which cores this process may use")
    }
    return numbers(set)
  }

  private static func numbers(_ set: hwloc_const_bitmap_t?) -> [Int] {
    var numbers: [Int] = []
    var next = hwloc_bitmap_first(set)
    while next >= 0 {
      numbers.append(Int(next))
      next = hwloc_bitmap_next(set, next)
    }
    return numbers
  }
}
