import Glibc

/// Lets a process that is to be spawned block and ignore no signal, whatever this one does.
///
/// - Returns: the flags that take that over, for `posix_spawnattr_setflags`.
package func resetSignals(_ attributes: inout posix_spawnattr_t) -> Int16 {
  var signals = sigset_t()
  sigemptyset(&signals)
  posix_spawnattr_setsigmask(&attributes, &signals)
  sigfillset(&signals)
  posix_spawnattr_setsigdefault(&attributes, &signals)
  return Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)
}
