import Glibc
import Synchronization

/// SIGTERM and SIGUSR1, by which a batch system announces the end: noticed at the next step.
package enum StopSignal {
  private static let signals = [SIGTERM, SIGUSR1]

  /// From now on the signals do not end the process. They may come blocked from the process that started
  /// this one.
  package static func listen() {
    stopWasReceived.store(false, ordering: .relaxed)
    var set = sigset_t()
    sigemptyset(&set)
    for number in signals {
      // Only an atomic store: all that a signal handler may do.
      signal(number) { _ in stopWasReceived.store(true, ordering: .relaxed) }
      sigaddset(&set, number)
    }
    pthread_sigmask(SIG_UNBLOCK, &set, nil)
  }

  static var wasReceived: Bool { stopWasReceived.load(ordering: .relaxed) }
}

private let stopWasReceived = Atomic<Bool>(false)
