import Glibc
import Synchronization

/// The signals by which people and batch systems ask a program to end: SIGINT (Ctrl-C), SIGTERM, SIGUSR1 and
/// SIGHUP (the terminal is gone).
///
/// A program that listens is not ended by them but looks whether one came.
package enum StopSignal {
  /// What a second SIGINT does, of somebody who will not wait.
  package enum SecondInterrupt: Sendable {
    /// It ends the process at once, as without `listen`.
    case endsProcess
    /// It is noted: see `isUrgent`.
    case isNoted
  }

  /// From now on the signals do not end this process. They may come blocked from the process that started it.
  ///
  /// A SIGHUP that nohup has ignored stays so. A SIGINT does not: shells ignore it for what a script starts in
  /// the background, and whoever sends it to that means it.
  package static func listen(_ second: SecondInterrupt) {
    // The first use makes these: a handler must not.
    firstSignal.store(0, ordering: .relaxed)
    interrupts.store(0, ordering: .relaxed)
    var set = sigset_t()
    sigemptyset(&set)
    for number in [SIGINT, SIGTERM, SIGUSR1, SIGHUP] where number != SIGHUP || !isIgnored(SIGHUP) {
      var action = sigaction()
      // Only atomic operations: about all that a signal handler may do.
      action.__sigaction_handler.sa_handler = { number in
        if number == SIGINT { interrupts.wrappingAdd(1, ordering: .relaxed) }
        _ = firstSignal.compareExchange(expected: 0, desired: number, ordering: .relaxed)
      }
      action.sa_flags = SA_RESTART
      if number == SIGINT, second == .endsProcess { action.sa_flags |= Int32(bitPattern: SA_RESETHAND) }
      let code = sigaction(number, &action, nil)
      precondition(code == 0, "sigaction of signal \(number): error \(errno)")
      sigaddset(&set, number)
    }
    pthread_sigmask(SIG_UNBLOCK, &set, nil)
  }

  /// The first signal that came; nil while there was none.
  package static var received: Int32? {
    let number = firstSignal.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }

  /// SIGINT came a second time.
  package static var isUrgent: Bool { interrupts.load(ordering: .relaxed) > 1 }

  /// The name of one of these signals, such as `SIGINT`.
  package static func name(of number: Int32) -> String {
    switch number {
    case SIGINT: "SIGINT"
    case SIGTERM: "SIGTERM"
    case SIGUSR1: "SIGUSR1"
    case SIGHUP: "SIGHUP"
    default: "signal \(number)"
    }
  }

  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    return sigaction(number, nil, &action) == 0 && isIgnoring(action)
  }
}

private let firstSignal = Atomic<Int32>(0)
private let interrupts = Atomic<Int>(0)
