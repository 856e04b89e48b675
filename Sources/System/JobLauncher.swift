import Glibc

/// The process that started a rank: mpirun, its daemon on another host, or that of a batch system.
package struct JobLauncher: Equatable, Sendable {
  package let id: pid_t
  /// Such as `mpirun`.
  package let name: String

  /// Those that start one job and end with it.
  private static let ofOneJob: Set<String> = ["mpirun", "mpiexec", "orterun", "orted", "prterun", "prted"]

  /// Those that start others too.
  private static let ofManyJobs: Set<String> = ["prte", "mpiexec.hydra", "hydra_pmi_proxy", "slurmstepd"]

  /// Ends with the job, so that ending it ends nothing else.
  package var isOfOneJob: Bool { Self.ofOneJob.contains(name) }

  /// The nearest one above a process: shells and containers may lie between. Nil where there is none.
  ///
  /// - Parameter process: its number; by default this one.
  package static func find(
    above process: String = "self", _ files: KernelFiles = KernelFiles()
  ) -> JobLauncher? {
    var process = process
    for _ in 0..<16 {
      // pid (name) state parent ...: the name may have spaces and parentheses in it.
      guard let stat = files.text("/proc/\(process)/stat"), let end = stat.lastIndex(of: ")") else {
        return nil
      }
      let fields = stat[stat.index(after: end)...].split(separator: " ")
      guard fields.count > 1, let parent = pid_t(fields[1]), parent > 0 else { return nil }
      process = "\(parent)"
      let name = files.text("/proc/\(process)/comm") ?? ""
      if ofOneJob.contains(name) || ofManyJobs.contains(name) { return JobLauncher(id: parent, name: name) }
    }
    return nil
  }
}
