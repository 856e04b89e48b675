import Files
import Foundation
import MPI
import Parallel
import System

/// MPI keeps sockets and files of a session in a directory for temporary files.
package struct TemporaryDirectoryCheck: Check {
  package static let name = "temporary files"

  package struct Rank: Codable, Equatable {
    package var path: String
    /// Bytes.
    package var free: Double?
    /// Why nothing can be written there; nil when it can.
    package var error: String?

    package init(path: String, free: Double? = nil, error: String? = nil) {
      self.path = path
      self.free = free
      self.error = error
    }
  }

  static let leastBytes = 50e6

  let ranks: ByRank<Rank>

  package init(_ ranks: ByRank<Rank>) { self.ranks = ranks }

  init(timeout: Double, _ world: World) throws {
    let names = ["OMPI_MCA_orte_tmpdir_base", "TMPDIR", "TEMP", "TMP"]
    let path = names.lazy.compactMap { environmentVariable($0) }.first { !$0.isEmpty } ?? "/tmp"
    let own = world.work(on: path, atMost: timeout) { Self.look(at: path) }
    self.init(try ByRank(gathering: own, world))
  }

  /// Makes a directory and a file in it, and removes them.
  package static func look(at path: String) -> Rank {
    var rank = Rank(path: path, free: FreeSpace(path)?.free)
    var template = Array("\(path)/cnn-mpi-doctor-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      rank.error = OutputError(path, "a directory that can be written").description
      return rank
    }
    let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { rmdir(directory) }
    do {
      try writeAtomically([0], to: "\(directory)/file")
      unlink("\(directory)/file")
    } catch {
      rank.error = "\(error)"
    }
    return rank
  }

  package var facts: String {
    let least = ranks.facts.compactMap(\.free).min()
    return "\(ranks.summary(\.path))\(least.map { ", \(bytes($0)) free" } ?? "")"
  }

  package var problems: [Problem] {
    problemsByHost(ranks.distinctHosts) { host in
      let rank = ranks[ranks.ranks(on: host)[0]]
      let remedy =
        "name another directory: TMPDIR=DIR mpirun -x TMPDIR ..., or mpirun --mca orte_tmpdir_base DIR"
      if let error = rank.error {
        return .warning("\(error): the next mpirun cannot keep its session there", remedy: remedy)
      }
      guard let free = rank.free, free < Self.leastBytes else { return nil }
      return .warning("\(rank.path) has \(bytes(free)) free, and MPI keeps its session there", remedy: remedy)
    }
  }
}
