extension Communicator {
  /// Most ranks that are all connected with each other at the start.
  private static let smallWorld = 64

  /// Makes the connections that collectives will use, each by a message from the lower rank to the higher one
  /// and then back. Called by all ranks, before anything else.
  ///
  /// Open MPI connects when two ranks first talk. Where both begin at the same moment, as in a first
  /// collective, its TCP transport now and then keeps a pair of half-open connections on which each later
  /// message waits some 10 ms.
  package func connect() throws(MPIError) {
    let partners = Self.partners(of: rank, size: size)
    guard !partners.isEmpty else { return }
    let byte = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 2)
    byte.initialize(repeating: 0)
    defer { byte.deallocate() }
    let (incoming, outgoing) = (
      UnsafeMutableBufferPointer(rebasing: byte[0..<1]), UnsafeBufferPointer(rebasing: byte[1..<2])
    )
    var sends = RequestSet(capacity: partners.count)
    for partner in partners where partner > rank { try startSend(outgoing, to: partner, adding: &sends) }
    for partner in partners {
      var receive = RequestSet(capacity: 1)
      try startReceive(incoming, from: partner, adding: &receive)
      try receive.wait()
      if partner < rank { try startSend(outgoing, to: partner, adding: &sends) }
    }
    try sends.wait()
  }

  /// Those that MPI's collectives let a rank talk to, ascending: all in a small world, else those at a
  /// distance of a power of two, by ring (barriers, rings) and by exclusive or (recursive doubling). In a large
  /// world the exchanges of slices of `--reproducible` and `--compress` connect further pairs later.
  package static func partners(of rank: Int, size: Int) -> [Int] {
    guard size > smallWorld else { return (0..<size).filter { $0 != rank } }
    var found = Set<Int>()
    var distance = 1
    while distance < size {
      found.formUnion([(rank + distance) % size, (rank + size - distance) % size, rank ^ distance])
      distance *= 2
    }
    return found.filter { $0 < size && $0 != rank }.sorted()
  }
}
