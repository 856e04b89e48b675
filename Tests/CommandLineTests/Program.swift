import Foundation
import TestSupport

/// The program, run as a user runs it.
struct Program {
  let exitCode: Int32
  let output: String
  let errors: String

  /// The lines of the program's own on standard error; mpirun adds its own.
  var errorLines: [String] {
    errors.split(separator: "\n").map(String.init).filter {
      $0.hasPrefix("cnn-mpi: ") || $0.hasPrefix("[rank ")
    }
  }

  /// Runs `cnn-mpi` with `arguments`, under mpirun where `ranks` are given, and ends it after `seconds`.
  ///
  /// - Parameter directory: its working directory; nil for an empty one of its own.
  static func run(
    _ arguments: [String], ranks: Int? = nil, environment: [String: String] = [:],
    in directory: String? = nil, seconds: Double = 120
  ) throws -> Program {
    let launcher = ranks.map { ["mpirun", "-np", "\($0)"] } ?? []
    return try RunningProgram(launcher + [path] + arguments, environment, directory, seconds: seconds).wait()
  }

  /// Starts it, under mpirun where `ranks` are given, and returns at once: to send it signals, so that mpirun
  /// gives ranks the second to end that it gives users'.
  static func start(_ arguments: [String], ranks: Int?) throws -> RunningProgram {
    let launcher = ranks.map { ["mpirun", "-np", "\($0)"] } ?? []
    let patience = ["OMPI_MCA_odls_base_sigkill_timeout": "1"]
    return try RunningProgram(launcher + [path] + arguments, patience, seconds: 120)
  }

  /// Runs several programs as one MPI job.
  static func runTogether(_ commands: [[String]], seconds: Double = 60) throws -> Program {
    let contexts = commands.map { ["-np", "1"] + $0 }.joined(separator: [":"])
    return try RunningProgram(["mpirun"] + contexts, seconds: seconds).wait()
  }

  /// What another program prints, as words.
  static func words(_ command: String) throws -> [String] {
    let program = try RunningProgram(["sh", "-c", command], seconds: 30).wait()
    return program.output.split { $0.isWhitespace }.map(String.init)
  }

  /// Runs it on a terminal, made by `script`.
  static func runOnTerminal(
    _ arguments: [String], ranks: Int, environment: [String: String] = [:]
  ) throws -> Program {
    let command = (["mpirun", "-np", "\(ranks)", path] + arguments).joined(separator: " ")
    let terminal = ["script", "--quiet", "--return", "--command", command, "/dev/null"]
    return try RunningProgram(terminal, environment, seconds: 120).wait()
  }

  /// The executable beside the test bundle.
  static var path: String {
    URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
      .appendingPathComponent("cnn-mpi").path
  }

  /// A copy of it with a byte more, as another build may be; its path.
  static func anotherBinary(in directory: String) throws -> String {
    let other = "\(directory)/other"
    try FileManager.default.copyItem(atPath: path, toPath: other)
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: other))
    try file.seekToEnd()
    try file.write(contentsOf: Data([0]))
    try file.close()
    return other
  }
}

/// A command that was started.
final class RunningProgram {
  private let process = Process()
  private let (output, errors) = (Collector(), Collector())
  private let timer = DispatchSource.makeTimerSource()
  /// Its working directory where none was given: it finds nothing there and leaves nothing behind.
  private let ownDirectory: String?

  /// - Parameters:
  ///   - directory: its working directory; nil for an empty one of its own.
  ///   - seconds: after which it is killed.
  init(
    _ command: [String], _ environment: [String: String] = [:], _ directory: String? = nil, seconds: Double
  ) throws {
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    ownDirectory = directory == nil ? try makeTemporaryDirectory() : nil
    process.currentDirectoryURL = (directory ?? ownDirectory).map { URL(fileURLWithPath: $0) }
    // Not the environment of this process: MPI, started by other tests here, has left its traces in it.
    var clean = ["OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"]
    clean["OMPI_MCA_rmaps_base_oversubscribe"] = "1"
    // When a rank fails, mpirun waits a second or two for the others, also where all have ended already.
    clean["OMPI_MCA_odls_base_sigkill_timeout"] = "0"
    for name in ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "OPENBLAS_CORETYPE"] {
      clean[name] = ProcessInfo.processInfo.environment[name]
    }
    clean["TERM"] = "xterm"
    process.environment = clean.merging(environment) { $1 }
    process.standardOutput = output.pipe
    process.standardError = errors.pipe
    process.standardInput = FileHandle.nullDevice
    try process.run()
    timer.schedule(deadline: .now() + seconds)
    // Not SIGTERM, which children of Dispatch's threads inherit as blocked. Ranks end when mpirun does.
    let process = process
    timer.setEventHandler { kill(process.processIdentifier, SIGKILL) }
    timer.activate()
  }

  deinit {
    if let ownDirectory { try? FileManager.default.removeItem(atPath: ownDirectory) }
  }

  var processID: pid_t { process.processIdentifier }

  /// The ranks that mpirun has started so far.
  var rankIDs: [pid_t] {
    let path = "/proc/\(processID)/task/\(processID)/children"
    let children = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    return children.split(separator: " ").compactMap { pid_t($0) }
  }

  var isRunning: Bool { process.isRunning }

  /// Returns when it has ended and nobody writes to its output any more.
  func wait() -> Program {
    let texts = (output.text(), errors.text())
    process.waitUntilExit()
    timer.cancel()
    return Program(exitCode: process.terminationStatus, output: texts.0, errors: texts.1)
  }

  /// Reads a pipe while the process runs, so that it never blocks on a full one.
  private final class Collector: @unchecked Sendable {
    let pipe = Pipe()
    private var data = Data()
    private let done = DispatchSemaphore(value: 0)

    init() {
      let handle = pipe.fileHandleForReading
      DispatchQueue.global().async {
        self.data = handle.readDataToEndOfFile()
        self.done.signal()
      }
    }

    func text() -> String {
      try? pipe.fileHandleForWriting.close()
      done.wait()
      return String(decoding: data, as: UTF8.self)
    }
  }
}
