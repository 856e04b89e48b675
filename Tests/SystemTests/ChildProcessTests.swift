import Foundation
import System
import TestSupport
import Testing

@Suite struct ChildProcessTests {
  /// Runs a shell script and returns its exit code and what it wrote.
  private func shell(
    _ script: String, environment: [String: String]? = nil, group: ChildProcess.Group = .ofThisProcess
  ) throws -> (code: Int32?, text: String, id: pid_t) {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/output"
      let process = try ChildProcess(
        ["sh", "-c", script], environment: environment, output: .appending(to: path),
        errors: .appending(to: path), group: group)
      let code = try process.wait(atMost: 60)
      return (code, try String(contentsOfFile: path, encoding: .utf8), process.id)
    }
  }

  @Test func itsEndIsTold() throws {
    #expect(try shell("exit 7").code == 7)
    #expect(try shell("kill -TERM $$").code == 128 + SIGTERM)
  }

  @Test func outputAndErrorsMayBeOneFile() throws {
    let result = try shell("echo a; echo b >&2; echo c; read line || echo nothing to read")
    #expect(result.code == 0 && result.text == "a\nb\nc\nnothing to read\n", "\(result)")
  }

  @Test func itsEnvironmentIsTheOneGiven() throws {
    #expect(try shell("echo $A-$HOME", environment: ["A": "1", "PATH": "/usr/bin:/bin"]).text == "1-\n")
    #expect(try shell("echo $PATH").text == (ProcessInfo.processInfo.environment["PATH"] ?? "") + "\n")
  }

  /// Descriptors that a program would inherit, also such with large numbers.
  @Test func otherFilesAreClosed() throws {
    let file = open("/dev/null", O_RDONLY)
    let far = fcntl(file, F_DUPFD, 300)
    defer {
      close(file)
      close(far)
    }
    #expect(file >= 0 && far >= 300)
    // The shell's `echo` opens the directory itself.
    let open = try shell("for f in /proc/$$/fd/*; do echo ${f##*/}; done").text.split(separator: "\n")
    #expect(Set(open).isSuperset(of: ["0", "1", "2"]) && open.count <= 4, "\(open)")
    #expect(!open.contains("\(far)"))
  }

  /// By bit n - 1 for signal n, as `/proc` shows them. Signals from 32 on are the C library's own.
  @Test func noSignalIsBlockedOrIgnored() throws {
    var blocked = sigset_t()
    var before = sigset_t()
    sigemptyset(&blocked)
    sigaddset(&blocked, SIGTERM)
    pthread_sigmask(SIG_BLOCK, &blocked, &before)
    signal(SIGUSR2, SIG_IGN)
    defer {
      pthread_sigmask(SIG_SETMASK, &before, nil)
      signal(SIGUSR2, SIG_DFL)
    }
    let text = try shell("exec grep -E '^Sig(Blk|Ign)' /proc/self/status").text
    let masks = text.split(separator: "\n").compactMap { UInt64($0.split(separator: "\t")[1], radix: 16) }
    #expect(masks.map { $0 & 0x7FFF_FFFF } == [0, 0], "\(text)")
  }

  @Test func groupsAreAsAskedFor() throws {
    // pid (comm) state parent group session
    let script = "cut -d ' ' -f 5,6 /proc/$$/stat"
    let (own, session) = (getpgid(0), getsid(0))
    #expect(try shell(script).text == "\(own) \(session)\n")
    let group = try shell(script, group: .new)
    #expect(group.text == "\(group.id) \(session)\n")
    let apart = try shell(script, group: .newSession)
    #expect(apart.text == "\(apart.id) \(apart.id)\n")
  }

  @Test func aTimeLimitEndsTheWaiting() throws {
    let process = try ChildProcess(
      ["sh", "-c", "sleep 60 & wait"], output: .null, errors: .null, group: .new)
    #expect(try process.wait(atMost: 0.05) == nil)
    process.send(SIGKILL, wholeGroup: true)
    #expect(try process.wait(atMost: 30) == 128 + SIGKILL)
    #expect(throws: SystemError.self) { try process.wait(atMost: 0) }
  }

  @Test func aProgramThatIsNotThereIsNamed() {
    let error = #expect(throws: SystemError.self) {
      try ChildProcess(["no-such-program"], output: .null, errors: .null)
    }
    #expect(error?.code == ENOENT)
    #expect(
      error?.description
        == "expected to start the program no-such-program, found \"No such file or directory\"")
  }
}
