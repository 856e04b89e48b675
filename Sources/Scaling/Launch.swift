import Foundation

/// How jobs of several ranks are started.
package struct Launch: Sendable {
  package enum Program: String, CaseIterable, Sendable { case mpirun, srun }

  package var program = Program.mpirun
  package var hostfile: String?
  /// For the launcher, before the program that it starts.
  package var options: [String] = []

  package init() {}

  /// All ranks run on this machine.
  private func isLocal(_ environment: [String: String]) -> Bool {
    program == .mpirun && hostfile == nil && environment["SLURM_JOB_ID"] == nil
      && Set(options).isDisjoint(with: ["-host", "--host", "-H", "-hostfile", "--hostfile", "-machinefile"])
  }

  /// The words that start `command` on so many ranks.
  ///
  /// Every rank gets cores of its own, one a thread: mpirun by itself binds two ranks or fewer to a core
  /// each, whatever their threads, and more of them to none in particular. srun by itself spreads few ranks over
  /// all hosts of the allocation; here they take as few as hold them.
  package func words(
    ranks: Int, threads: Int, _ command: [String], _ environment: [String: String], cores: Int
  ) -> [String] {
    if program == .srun {
      let variable = environment["CNN_MPI_SRUN_MPI"] ?? ""
      return ["srun", "--mpi=\(variable.isEmpty ? "pmix" : variable)", "-n", "\(ranks)", "-c", "\(threads)"]
        + nodes(ranks, environment) + ["--distribution=block", "--cpu-bind=cores"] + options + command
    }
    let file = hostfile.map { ["--hostfile", $0] } ?? []
    return ["mpirun", "-np", "\(ranks)"] + file
      + binding(ranks, threads, isLocal: isLocal(environment), cores: cores) + options + command
  }

  /// How many hosts of the allocation srun is to use, where it says how many ranks one takes.
  private func nodes(_ ranks: Int, _ environment: [String: String]) -> [String] {
    func number(_ name: String) -> Int? { environment[name].flatMap { Int($0) } }
    guard let ranksPerNode = number("SLURM_NTASKS_PER_NODE"), ranksPerNode > 0 else { return [] }
    let needed = (ranks + ranksPerNode - 1) / ranksPerNode
    return ["--nodes=\(min(needed, number("SLURM_JOB_NUM_NODES") ?? needed))"]
  }

  private func binding(_ ranks: Int, _ threads: Int, isLocal: Bool, cores: Int) -> [String] {
    let own = ["-bind-to", "--bind-to", "-map-by", "--map-by", "-rf", "--rankfile"]
    guard Set(options).isDisjoint(with: own) else { return [] }
    if isLocal && ranks * threads > cores { return ["--bind-to", "none"] }
    if threads > 1 { return ["--map-by", "slot:PE=\(threads)", "--bind-to", "core"] }
    return isLocal ? ["--bind-to", "core"] : []
  }

  /// What mpirun has to find in its environment beside `environment`: it wants to be told that it may run as
  /// root, and that it may start more ranks than there are cores. On other machines than this one the slots
  /// of the hostfile or of the allocation decide that.
  package func additions(
    ranks: Int, to environment: [String: String], cores: Int, isRoot: Bool = geteuid() == 0
  ) -> [String: String] {
    var additions: [String: String] = [:]
    guard program == .mpirun else { return additions }
    if isRoot {
      for name in ["OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] { additions[name] = "1" }
    }
    if isLocal(environment), ranks > cores { additions["OMPI_MCA_rmaps_base_oversubscribe"] = "1" }
    return additions.filter { environment[$0.key] == nil }
  }
}
