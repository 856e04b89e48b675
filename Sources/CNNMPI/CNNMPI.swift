import Files
import Glibc
import Kernels
import MPI
import Parallel
import Runs

/// The program: arguments -> configuration -> run -> exit code.
@main
enum CNNMPI {
  static let version = "0.1.0"
  /// The day of this version, which the manual page shows.
  static let date = "2026-11-21"

  static func main() {
    let missing = CPU.requiredFlags.filter { !CPU.flags.contains($0) }
    guard missing.isEmpty else {
      printError(
        "this binary was compiled for a CPU with \(missing.joined(separator: ", ")), which \(CPU.name) lacks; "
          + "build it with CNN_MPI_CPU=x86-64-v3 for all CPUs since 2013")
      exit(1)
    }
    exit(run(CommandLine.paths.dropFirst().map(\.text)))
  }

  private static func run(_ arguments: [String]) -> Int32 {
    do {
      switch try Action(arguments) {
      case .inWorld(let body): return try inWorld(body)
      case .preflight(let body): return try inWorld(body, isPreflight: true)
      case .alone(let body): return try alone(body)
      case .say(let text): return onFirstRank { print(text) }
      }
    } catch let error as UsageError {
      return onFirstRank(exitCode: 2) {
        printError(
          "\(error); `cnn-mpi \(Subcommand.named(by: arguments).subcommand.name) --help` lists the options")
      }
    } catch {
      printError("\(error)")
      return 1
    }
  }

  /// Starts MPI, runs `body` on all ranks and ends MPI. All ranks return the same exit code, or are aborted.
  ///
  /// - Parameter isPreflight: start also where others refuse to.
  private static func inWorld(_ body: (World) throws -> Void, isPreflight: Bool = false) throws -> Int32 {
    let startGuard = StartGuard()
    let world = try World(MPIRuntime.start(acceptingSingleton: isPreflight))
    defer { MPIRuntime.finish() }
    do {
      if !isPreflight { try world.requireSameProgram() }
      startGuard.done()
      try body(world)
      return 0
    } catch let stop as InterruptedError {
      if world.speaks { printNote("\(stop); to go on: --resume \(stop.checkpoint)") }
      return stop.exitCode
    } catch let error as any AgreedError {
      if world.speaks { printError("\(error)") }
      return error.exitCode
    } catch {
      world.communicator.abort("\(error)")
    }
  }

  /// Runs `body` without MPI.
  private static func alone(_ body: () throws -> Void) throws -> Int32 {
    do {
      try body()
      return 0
    } catch let error as any AgreedError {
      printError("\(error)")
      return error.exitCode
    }
  }

  /// Says something once, not once a rank.
  private static func onFirstRank(exitCode: Int32 = 0, _ speak: () -> Void) -> Int32 {
    guard let launched = Launcher.intendedRanks(), launched.count > 1, let world = try? MPIRuntime.start()
    else {
      speak()
      return exitCode
    }
    if world.rank == 0 { speak() }
    MPIRuntime.finish()
    return exitCode
  }

  static func printError(_ message: String) { printNote("error: \(message)") }

  /// Says something that is no result, on standard error.
  static func printNote(_ message: String) {
    let line = "cnn-mpi: \(message)\n"
    _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
  }
}

extension World {
  /// This process speaks for all: rank 0, and of processes that MPI left alone the launcher's first.
  var speaks: Bool { isRoot && (size > 1 || (Launcher.intendedRank() ?? 0) == 0) }
}
