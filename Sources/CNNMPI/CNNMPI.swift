import Files
import Glibc
import Kernels
import MPI
import Parallel
import Runs
import System

/// The program: arguments -> configuration -> run -> exit code.
@main
enum CNNMPI {
  static let version = "0.1.0"
  /// The day of this version, which the manual page shows.
  static let date = "2026-11-21"

  static func main() {
    prepareStandardStreams()
    let missing = CPU.requiredFlags.filter { !CPU.flags.contains($0) }
    guard missing.isEmpty else {
      sayError(
        "this binary was compiled for a CPU with \(missing.joined(separator: ", ")), which \(CPU.name) lacks; "
          + "build it with CNN_MPI_CPU=x86-64-v3 for all CPUs since 2013")
      exit(1)
    }
    useOneHeapWhereLimited()
    exit(run(CommandLine.paths.dropFirst().map(\.text)))
  }

  private static func run(_ arguments: [String]) -> Int32 {
    do {
      switch try Action(arguments) {
      case .inWorld(let body): return try inWorld(body)
      case .preflight(let body): return try inWorld(body, isPreflight: true)
      case .alone(let body):
        try body()
        return 0
      case .say(let text): return try onFirstRank { try StandardOutput.print("\(text)\n") }
      }
    } catch let error as UsageError {
      let name = Subcommand.named(by: arguments).subcommand.name
      return onFirstRank(exitCode: 2) { sayError("\(error); `cnn-mpi \(name) --help` lists the options") }
    } catch {
      return fail(error)
    }
  }

  /// Starts MPI, runs `body` on all ranks and ends MPI. All ranks return the same exit code, or are aborted.
  ///
  /// - Parameter isPreflight: start also where others refuse to.
  private static func inWorld(_ body: (World) throws -> Void, isPreflight: Bool = false) throws -> Int32 {
    if let shortage = MemoryError.beforeMPI() { throw shortage }
    let startGuard = try StartGuard()
    let world = try World(MPIRuntime.start(acceptingSingleton: isPreflight))
    defer { MPIRuntime.finish() }
    do {
      if !isPreflight { try world.requireSameProgram() }
      startGuard.done()
      try body(world)
      return 0
    } catch let stop as InterruptedError {
      if world.speaks { printError("cnn-mpi: \(stop); to go on: --resume \(stop.checkpoint)") }
      return stop.exitCode
    } catch let error as any AgreedError {
      return world.speaks ? fail(error) : error.exitCode
    } catch {
      world.communicator.abort("\(error)")
    }
  }

  /// Says something once, not once a rank.
  private static func onFirstRank(exitCode: Int32 = 0, _ speak: () throws -> Void) rethrows -> Int32 {
    guard let launched = Launcher.intendedRanks(), launched.count > 1, let world = try? MPIRuntime.start()
    else {
      try speak()
      return exitCode
    }
    defer { MPIRuntime.finish() }
    if world.rank == 0 { try speak() }
    return exitCode
  }

  /// Says why the program fails, but for output that nobody reads.
  ///
  /// - Returns: the exit code.
  private static func fail(_ error: any Error) -> Int32 {
    if (error as? LostOutput)?.isUnread != true { sayError("\(error)\(advice(on: error))") }
    return (error as? any AgreedError)?.exitCode ?? 1
  }

  /// Which option helps, to be said behind an error of any command that reads data.
  private static func advice(on error: any Error) -> String {
    let own = (error as? AgreedFailure)?.own ?? error
    return switch (own as? FileError)?.cause {
    case .firstLabelIsOne: ": --first-label 1"
    case nil: ""
    }
  }

  static func sayError(_ message: String) { printError("cnn-mpi: error: \(message)") }
}
