import CSystem
import Glibc

/// A program that this process has started.
///
/// It begins with no signal blocked or ignored, whatever this process blocks or ignores, and with no open
/// file but its standard input, output and errors.
package struct ChildProcess: Sendable {
  /// What one of its standard files is.
  package enum File: Sendable {
    /// Empty to read from; what is written to it is gone.
    case null
    /// A file that is made if need be and written at its end, so that two may be the same.
    case appending(to: String)
    /// An open file of this process.
    case descriptor(Int32)
  }

  /// Which processes it is in one group with: a terminal sends its signals to all of the group in front.
  package enum Group: Sendable {
    case ofThisProcess
    case new
    /// A group of its own in a session of its own, without a terminal.
    case newSession
  }

  package let id: pid_t

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - words: the program, as a name on the PATH or a path, and its arguments.
  ///   - environment: nil for that of this process.
  /// - Throws: `SystemError`, of code `ENOENT` where there is no such program.
  package init(
    _ words: [String], environment: [String: String]? = nil, input: File = .null, output: File, errors: File,
    group: Group = .ofThisProcess
  ) throws(SystemError) {
    precondition(!words.isEmpty, "no program to start")
    Self.keepExitCodes()
    let purpose = "to start the program \(words[0])"
    let files = try SpawnFiles([input, output, errors], purpose)
    let attributes = try SpawnAttributes(group, purpose)
    let arguments = CStrings(words)
    let variables = environment.map { CStrings($0.map { "\($0.key)=\($0.value)" }) }
    var process = pid_t()
    let code = withUnsafePointer(to: files.actions) { files in
      withUnsafePointer(to: attributes.values) { attributes in
        posix_spawnp(
          &process, words[0], files, attributes, arguments.pointers, variables?.pointers ?? environ)
      }
    }
    withExtendedLifetime((arguments, variables)) {}
    try SystemError.check(code, purpose)
    id = process
  }

  /// Waits until it has ended, at most for some time.
  ///
  /// - Returns: the exit code, 128 + n after signal n; nil when it still runs.
  /// - Throws: `SystemError`, also when somebody else has waited for it before.
  package func wait(atMost seconds: Double) throws(SystemError) -> Int32? {
    let end = ContinuousClock.now + .seconds(seconds)
    var status: Int32 = 0
    while true {
      let ended = waitpid(id, &status, WNOHANG)
      if ended == id { return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F }
      guard ended == 0 || errno == EINTR else { throw SystemError("to wait for process \(id)") }
      guard ContinuousClock.now < end else { return nil }
      usleep(5000)
    }
  }

  /// Sends it a signal. That it has ended meanwhile is no error: `wait` tells.
  ///
  /// - Parameter wholeGroup: send it to all processes of its group, which must be its own.
  package func send(_ signal: Int32, wholeGroup: Bool = false) { kill(wholeGroup ? -id : id, signal) }

  /// A process that ignores SIGCHLD, as a shell or batch system may have started this one, never learns the
  /// exit codes of its children: `waitpid` fails.
  private static func keepExitCodes() {
    var action = sigaction()
    guard sigaction(SIGCHLD, nil, &action) == 0,
      action.sa_flags & SA_NOCLDWAIT != 0 || isIgnoring(action)
    else { return }
    signal(SIGCHLD, SIG_DFL)
  }
}

/// The address of `SIG_IGN`, which C compares function pointers to.
func isIgnoring(_ action: sigaction) -> Bool {
  unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
}

/// What a spawned program's descriptors are: three files, and no others.
private struct SpawnFiles: ~Copyable {
  var actions = posix_spawn_file_actions_t()

  init(_ files: [ChildProcess.File], _ purpose: String) throws(SystemError) {
    try SystemError.check(posix_spawn_file_actions_init(&actions), purpose)
    for (descriptor, file) in zip(Int32(0)..., files) {
      let code =
        switch file {
        case .null: posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
        case .appending(let path):
          // Not by a link, which might lead anywhere.
          posix_spawn_file_actions_addopen(
            &actions, descriptor, path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0o644)
        case .descriptor(let own): posix_spawn_file_actions_adddup2(&actions, own, descriptor)
        }
      try SystemError.check(code, purpose)
    }
    try SystemError.check(csystem_add_close_from(&actions, Int32(files.count)), purpose)
  }

  deinit {
    var actions = actions
    posix_spawn_file_actions_destroy(&actions)
  }
}

/// The process group and the signals of a spawned program.
private struct SpawnAttributes: ~Copyable {
  var values = posix_spawnattr_t()

  init(_ group: ChildProcess.Group, _ purpose: String) throws(SystemError) {
    try SystemError.check(posix_spawnattr_init(&values), purpose)
    var signals = sigset_t()
    sigemptyset(&signals)
    try SystemError.check(posix_spawnattr_setsigmask(&values, &signals), purpose)
    sigfillset(&signals)
    try SystemError.check(posix_spawnattr_setsigdefault(&values, &signals), purpose)
    var flags = Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)
    switch group {
    case .ofThisProcess: break
    case .new:
      flags |= Int16(POSIX_SPAWN_SETPGROUP)
      try SystemError.check(posix_spawnattr_setpgroup(&values, 0), purpose)
    case .newSession: flags |= csystem_spawn_new_session()
    }
    try SystemError.check(posix_spawnattr_setflags(&values, flags), purpose)
  }

  deinit {
    var values = values
    posix_spawnattr_destroy(&values)
  }
}

/// Texts as C programs take them: pointers to them, and nil behind the last.
private final class CStrings {
  let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  private let count: Int

  init(_ texts: [String]) {
    count = texts.count
    pointers = .allocate(capacity: count + 1)
    for (index, text) in texts.enumerated() { (pointers + index).initialize(to: strdup(text)) }
    (pointers + count).initialize(to: nil)
  }

  deinit {
    for index in 0..<count { free(pointers[index]) }
    pointers.deallocate()
  }
}
