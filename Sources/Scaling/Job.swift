import Foundation
import Synchronization
import System

/// A launched program, which this process waits for.
enum Job {
  /// After a signal was passed on, a job has so many seconds to end.
  private static let grace = 15.0

  /// Runs a command to its end. SIGINT, SIGTERM, SIGHUP and SIGUSR1 end the job too: it is sent SIGTERM, and
  /// what is still there after a while is killed.
  ///
  /// The job has a process group of its own, so that a terminal's Ctrl-C does not reach it a second time:
  /// mpirun takes two for the order to leave its ranks alone.
  ///
  /// - Parameters:
  ///   - output: path of the file that standard output goes to; `errors` may be the same.
  /// - Returns: the exit code, 128 + n after signal n.
  static func run(
    _ words: [String], _ environment: [String: String], output: String, errors: String
  ) throws(ScalingError) -> Int32 {
    let process = try start(words, environment, output, errors)
    var status: Int32 = 0
    var signalled: ContinuousClock.Instant?
    while true {
      let ended = waitpid(process, &status, WNOHANG)
      if ended == process { return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F }
      precondition(ended == 0 || errno == EINTR, "somebody else waited for process \(process)")
      if let signalled {
        if ContinuousClock.now - signalled > .seconds(grace) { kill(-process, SIGKILL) }
      } else if StudySignal.received != nil {
        kill(process, SIGTERM)
        signalled = .now
      }
      usleep(20_000)
    }
  }

  private static func start(
    _ words: [String], _ environment: [String: String], _ output: String, _ errors: String
  ) throws(ScalingError) -> pid_t {
    var files = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&files)
    defer { posix_spawn_file_actions_destroy(&files) }
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    // Appending, so that both can be one file; and not by a link, which might lead anywhere.
    let flags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, output, flags, 0o644)
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, errors, flags, 0o644)
    // Its own group, and no signal blocked or ignored.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setpgroup(&attributes, 0)
    let signalFlags = resetSignals(&attributes)
    posix_spawnattr_setflags(&attributes, signalFlags | Int16(POSIX_SPAWN_SETPGROUP))

    let arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    let variables: [UnsafeMutablePointer<CChar>?] =
      environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for word in arguments + variables { free(word) } }
    var process: pid_t = 0
    let code = posix_spawnp(&process, words[0], &files, &attributes, arguments, variables)
    guard code == 0 else {
      let hint = code == ENOENT ? "; on a cluster a module may bring it, as by `module load openmpi`" : ""
      throw ScalingError(
        description: "expected to start \(words[0]), found \"\(String(cString: strerror(code)))\"\(hint)")
    }
    return process
  }
}

/// The signals that end a study.
package enum StudySignal {
  /// From now on they do not end this process but the job that it waits for.
  package static func listen() {
    var set = sigset_t()
    sigemptyset(&set)
    // nohup has it ignored.
    let isHangUpIgnored = unsafeBitCast(signal(SIGHUP, SIG_IGN), to: Int.self) == 1
    for number in [SIGINT, SIGTERM, SIGUSR1] + (isHangUpIgnored ? [] : [SIGHUP]) {
      // Only an atomic store: all that a signal handler may do.
      signal(number) { number in signalReceived.store(number, ordering: .relaxed) }
      sigaddset(&set, number)
    }
    pthread_sigmask(SIG_UNBLOCK, &set, nil)
  }

  static var received: Int32? {
    let number = signalReceived.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }
}

private let signalReceived = Atomic<Int32>(0)
