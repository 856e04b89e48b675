import Glibc

/// Sees to it that the launcher of a rank ends: an mpirun, or its daemon on this host, that has lost
/// another host may wait for it for ever.
///
/// A process of its own does that, as the launcher ends this one first: after `seconds`, by SIGKILL, as an
/// mpirun that waits for a lost daemon takes no notice of others, and Open MPI 4.1's crashes at a second
/// SIGTERM. Launchers of batch systems are left alone.
///
/// - Parameter rank: the number of its process; by default this one.
/// - Throws: where that process cannot be started.
package func endLauncher(after seconds: Int, of rank: String = "self") throws(SystemError) {
  guard let launcher = JobLauncher.find(above: rank), launcher.isOfOneJob else { return }
  let script = """
    start() { cut -d ')' -f 2 "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 21; }
    begun=$(start "$1")
    for _ in $(seq \(10 * seconds)); do [ "$(start "$1")" = "$begun" ] || exit 0; sleep 0.1; done
    kill -KILL "$1"
    """
  // In a session of its own and without this process's files, for whose end the launcher waits.
  _ = try ChildProcess(
    ["/bin/sh", "-c", script, "sh", "\(launcher.id)"], output: .null, errors: .null, group: .newSession)
}
