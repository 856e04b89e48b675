import Foundation
import MPI
import Parallel
import TestSupport
import Testing

/// The world that these tests run in: one rank under `swift test`, more under mpirun. `jobs/test.sh` does
/// both.
///
/// MPI is used by the main thread only, so all suites here are on the main actor.
@MainActor enum Ranks {
  static let world: World = {
    do {
      let world = try World(MPIRuntime.start())
      atexit { MPIRuntime.finish() }
      return world
    } catch {
      fatalError("MPI does not start: \(error)")
    }
  }()

  static var areSeveral: Bool { world.size > 1 }

  /// Calls `body` on every rank with the path of one directory, which rank 0 makes and removes.
  static func withSharedDirectory(_ body: (String) throws -> Void) throws {
    let own = world.isRoot ? try makeTemporaryDirectory() : ""
    let path = try world.communicator.broadcast(own)
    defer { if world.isRoot { try? FileManager.default.removeItem(atPath: path) } }
    try body(path)
    try world.communicator.barrier()
  }

  /// Expects `condition` on every rank. The verdict is shared, so that all ranks fail together and none waits
  /// for another in the next collective.
  static func expectEverywhere(
    _ condition: Bool, _ what: @autoclosure () -> String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let failures = try world.communicator.allReduce(condition ? 0 : 1, .sum)
    guard failures > 0 else { return }
    Issue.record(
      "rank \(world.rank): \(condition ? "fine here, but wrong on \(failures) other ranks" : what())",
      sourceLocation: sourceLocation)
  }
}

extension Trait where Self == ConditionTrait {
  /// What is tested is how ranks get on with each other: one alone would compare itself with itself.
  static var severalRanks: Self {
    .enabled("one rank has no others to compare with; jobs/test.sh runs this on 2 to 4 ranks") {
      await Ranks.areSeveral
    }
  }
}

/// Ends the process, and with it the job, when a test hangs.
struct Watchdog: SuiteTrait, TestTrait, TestScoping {
  static let seconds = 120.0
  var isRecursive: Bool { true }

  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    let timer = DispatchSource.makeTimerSource()
    let name = test.name
    timer.schedule(deadline: .now() + Self.seconds)
    timer.setEventHandler {
      FileHandle.standardError.write(Data("watchdog: \(name) hangs for \(Self.seconds) s\n".utf8))
      _exit(70)
    }
    timer.activate()
    defer { timer.cancel() }
    try await function()
  }
}

extension Trait where Self == Watchdog {
  static var watchdog: Self { Watchdog() }
}
