import MPI
import Parallel
import Reporting

/// One MPI on all ranks, and the launcher belongs to it.
package struct MPICheck: Check {
  package static let name = "MPI"

  package struct Rank: Codable, Equatable {
    /// Such as `Open MPI v4.1.4`.
    package var library: String
    /// The file of its base library.
    package var libraryFile: String?
    package var launcher: LaunchingProcess?

    package init(library: String, libraryFile: String? = nil, launcher: LaunchingProcess? = nil) {
      self.library = library
      self.libraryFile = libraryFile
      self.launcher = launcher
    }
  }

  let ranks: ByRank<Rank>
  /// Every rank is alone, though a launcher meant more.
  package let isSingleton: Bool
  /// Ranks that the launcher meant, where the environment tells.
  let intendedRanks: Int?

  private let singleton: SingletonError?

  private enum CodingKeys: CodingKey { case ranks, isSingleton, intendedRanks }

  package init(_ ranks: ByRank<Rank>, singleton: SingletonError?, intendedRanks: Int?) {
    self.ranks = ranks
    self.singleton = singleton
    self.intendedRanks = intendedRanks
    isSingleton = singleton != nil
  }

  init(_ world: World) throws {
    let own = Rank(
      library: MPIRuntime.libraryVersion, libraryFile: LaunchingProcess.library(of: "self"),
      launcher: LaunchingProcess.find())
    self.init(
      try ByRank(gathering: own, world), singleton: Launcher.singletonError(worldSize: world.size),
      intendedRanks: Launcher.intendedRanks()?.count)
  }

  package var facts: String {
    let library = ranks.summary(\.library)
    let launchers = ranks.groups { $0.launcher?.name }.map(\.key).sorted()
    if let singleton { return "\(library), alone where \(singleton.intended) ranks were meant" }
    let launch =
      launchers.isEmpty
      ? "no launcher: mpirun starts more ranks" : "under \(launchers.joined(separator: ", "))"
    return "\(library), \(counted(ranks.count, "rank")), \(launch)"
  }

  package var problems: [Problem] {
    if let singleton { return [.error(singleton.problem, remedy: singleton.remedy)] }
    return libraryProblem + launcherProblems
  }

  private var libraryProblem: [Problem] {
    guard ranks.groups(\.library).count > 1 else { return [] }
    return [
      .error(
        "ranks run different MPI libraries: \(ranks.summary(\.library))",
        remedy: "install one version on all hosts, and compare `ldd $(which cnn-mpi) | grep libmpi` there")
    ]
  }

  /// A launcher and a library of different releases often get on, and fail in ways that nobody understands.
  private var launcherProblems: [Problem] {
    let different = ranks.groups { rank -> String? in
      guard let own = rank.libraryFile, let launcher = rank.launcher, let other = launcher.library,
        own != other
      else { return nil }
      return "\(own), but \(launcher.name) above with \(other)"
    }
    return different.map { words, ranks in
      .warning(
        "\(self.ranks.named(ranks)) \(ranks.count == 1 ? "runs" : "run") with \(words)",
        remedy: "put the bin directory of the MPI that cnn-mpi is linked with first: `ldd $(which cnn-mpi) | "
          + "grep libmpi` and `which mpirun`")
    }
  }
}
