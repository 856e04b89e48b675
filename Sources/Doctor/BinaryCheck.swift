import Files
import Foundation
import Hashing
import Parallel

/// All ranks run the same program, to the bit.
///
/// Different builds have to understand each other here: the first that is sent is this, and further facts can
/// only be optional ones.
package struct BinaryCheck: Check {
  package static let name = "program"

  package struct Rank: Codable, Equatable {
    package var version: String
    package var path: String
    /// A hash of the file's bytes; nil where it could not be read.
    package var sha256: String?
    /// Why not.
    package var error: String?

    package init(version: String, path: String, sha256: String? = nil, error: String? = nil) {
      self.version = version
      self.path = path
      self.sha256 = sha256
      self.error = error
    }
  }

  let ranks: ByRank<Rank>

  package init(_ ranks: ByRank<Rank>) { self.ranks = ranks }

  init(_ world: World, version: String) throws {
    let link = "/proc/self/exe"
    let path = (try? FileManager.default.destinationOfSymbolicLink(atPath: link)) ?? CommandLine.arguments[0]
    var own = Rank(version: version, path: path)
    do {
      let bytes = try readFile(link)
      var hash = SHA256()
      hash.update(bytes.span.bytes)
      own.sha256 = hash.hexDigest()
    } catch {
      own.error = "\(error)"
    }
    self.init(try ByRank(gathering: own, world))
  }

  /// What follows may mean something else to other ranks.
  var isMixed: Bool { ranks.groups(\.sha256).count > 1 }

  package var facts: String {
    ranks.summary { "cnn-mpi \($0.version), sha256 \($0.sha256?.prefix(12) ?? "unknown")" }
      + (ranks.count > 1 && problems.isEmpty ? " on all ranks" : "")
  }

  package var problems: [Problem] {
    let unread = ranks.groups(\.error).map { error, unread in
      Problem.warning(
        "\(ranks.named(unread)) cannot read the own program: \(error)",
        remedy: "look at its permissions there")
    }
    return different + unread
  }

  private var different: [Problem] {
    let groups = ranks.groups(\.sha256).sorted { $0.ranks.count > $1.ranks.count }
    guard let most = groups.first else { return [] }
    let others = groups.dropFirst().flatMap(\.ranks).sorted()
    guard !others.isEmpty else { return [] }
    let (one, other) = (most.ranks[0], others[0])
    let path = ranks[one].path
    return [
      .error(
        "\(ranks.named(others)) \(others.count == 1 ? "runs" : "run") another binary than \(ranks.named(most.ranks)): "
          + "\(ranks[other].path) and \(path) differ, and so may what they compute",
        remedy: ranks.hosts[one] == ranks.hosts[other]
          ? "start the same file on all ranks: mpirun -np \(ranks.count) \(path)"
          : "on \(ranks.hosts[one]): rsync \(path) \(ranks.hosts[other]):\(ranks[other].path)")
    ]
  }
}
