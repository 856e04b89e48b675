import MPI
import Parallel
import System

/// Ranks of a host talk to each other through files in `/dev/shm`.
package struct SharedMemoryCheck: Check {
  package static let name = "shared memory"

  package struct Rank: Codable, Equatable {
    package var path: String
    /// Bytes of the file system, nil where there is none.
    package var size: Double?
    package var free: Double?

    package init(path: String, size: Double? = nil, free: Double? = nil) {
      self.path = path
      self.size = size
      self.free = free
    }
  }

  /// What Open MPI's vader takes for a rank (`ompi_info --param btl vader --level 9`: segment_size).
  static let segmentBytes = 4_194_304.0

  let ranks: ByRank<Rank>

  package init(_ ranks: ByRank<Rank>) { self.ranks = ranks }

  init(_ world: World) throws {
    let path = environmentVariable("OMPI_MCA_btl_vader_backing_directory") ?? "/dev/shm"
    let space = FreeSpace(path)
    self.init(
      try ByRank(gathering: Rank(path: path, size: space?.size, free: space?.free), world))
  }

  package var facts: String {
    let spaces = ranks.facts.compactMap { rank in rank.free.map { (rank.path, $0, rank.size ?? $0) } }
    guard let least = spaces.min(by: { $0.1 < $1.1 }) else { return "none" }
    return "\(bytes(least.1)) of \(bytes(least.2)) free in \(least.0)"
  }

  package var problems: [Problem] {
    problemsByHost(ranks.distinctHosts) { host in
      let here = ranks.ranks(on: host)
      let rank = ranks[here[0]]
      let needed = Self.segmentBytes * Double(here.count)
      guard here.count > 1, !((rank.free ?? 0) >= needed) else { return nil }
      return .warning(
        "\(rank.path) has \(bytes(rank.free ?? 0)) free, and Open MPI takes up to \(bytes(needed)) there for "
          + "\(here.count) ranks, which die of a bus error when it is full",
        remedy:
          "docker run --shm-size=1g; remove what killed jobs left (ls -l \(rank.path)/vader_segment.*); or mpirun "
          + "--mca btl_vader_backing_directory /tmp")
    }
  }
}
