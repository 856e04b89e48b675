import Glibc

/// Sees to it that the launcher of a rank ends: an mpirun, or its daemon on this host, that has lost
/// another host may wait for it for ever.
///
/// A process of its own does that, as the launcher ends this one first: after `seconds`, by SIGKILL, as an
/// mpirun that waits for a lost daemon takes no notice of others, and Open MPI 4.1's crashes at a second
/// SIGTERM. Launchers of batch systems are left alone.
///
/// - Parameter rank: the number of its process; by default this one.
package func endLauncher(after seconds: Int, of rank: String = "self") {
  guard let launcher = JobLauncher.find(above: rank), launcher.isOfOneJob else { return }
  let script = """
    start() { cut -d ')' -f 2 "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 21; }
    begun=$(start "$1")
    for _ in $(seq \(10 * seconds)); do [ "$(start "$1")" = "$begun" ] || exit 0; sleep 0.1; done
    kill -KILL "$1"
    """
  // In a session of its own and without this process's files, for whose end the launcher waits.
  var attributes = posix_spawnattr_t()
  posix_spawnattr_init(&attributes)
  let newSession: Int16 = 0x80  // POSIX_SPAWN_SETSID, which Glibc's module leaves out
  posix_spawnattr_setflags(&attributes, newSession)
  var files = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&files)
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDWR, 0)
  for descriptor in [STDOUT_FILENO, STDERR_FILENO] {
    posix_spawn_file_actions_adddup2(&files, STDIN_FILENO, descriptor)
  }
  for descriptor in Int32(3)..<256 { posix_spawn_file_actions_addclose(&files, descriptor) }
  let arguments = ["sh", "-c", script, "sh", "\(launcher.id)"]
  var pointers = arguments.map { strdup($0) } + [nil]
  var process = pid_t()
  posix_spawn(&process, "/bin/sh", &files, &attributes, &pointers, environ)
  for pointer in pointers { free(pointer) }
}
