import Networks
import Parallel
import Reporting
import Runs
import Synchronization
import System

/// What is to be looked at.
package struct DoctorConfiguration: Sendable {
  /// Data, model and threads, as training would have them.
  package var training = TrainingConfiguration()
  /// The run directory to try.
  package var out = "runs"
  /// Seconds after which a file system that does not answer is given up; a bit later also ranks that do not
  /// get further.
  package var timeout = 20.0
  package var json = false

  package init() {}

  /// So that a file system is named before.
  var stallLimits: StallLimits {
    var limits = StallLimits()
    let seconds = min(timeout, 1e6)
    (limits.warning, limits.abort) = (seconds / 2, seconds + 5)
    return limits
  }
}

/// The check under way, for the watchdog's thread.
private final class CurrentCheck: Sendable {
  private let state = Mutex((number: 0, name: ""))

  /// - Returns: its number.
  func begin(_ name: String) -> Int {
    state.withLock {
      $0 = ($0.number + 1, name)
      return $0.number
    }
  }

  var words: String { state.withLock { "Step \($0.number) of doctor looks at: \($0.name)" } }
}

/// Looks at all hosts and ranks of `world`, one check after the other, each on all ranks at the same time.
///
/// What a rank finds wrong is part of its report: no rank leaves before the others. Those of different builds
/// have no more in common than to find that out.
///
/// - Throws: on all ranks where there is no such model, or an `MPIError` after which the ranks must be
///   aborted.
package func examine(
  _ configuration: DoctorConfiguration, in world: World, version: String
) throws -> DoctorReport {
  var watch = Stopwatch()
  let (training, timeout) = (configuration.training, configuration.timeout)
  let limits = configuration.stallLimits
  let current = CurrentCheck()
  let console = world.isRoot && !configuration.json ? Console() : nil
  func check<C: Check>(_ make: () throws -> C) rethrows -> C {
    console?.status { _ in StyledText("looking at \(C.name) ...", .faint) }
    world.pulse.enter(.examining, step: current.begin(C.name))
    return try make()
  }
  // Where ranks of other builds go on, the guard ends them.
  let startGuard = try StartGuard(seconds: Int(limits.abort))
  let binary = try check { try BinaryCheck(world, version: version) }
  guard !binary.isMixed else {
    return DoctorReport(
      [binary], isComplete: false, hosts: world.hosts, version: version, seconds: watch.lap())
  }
  _ = try Watchdog(world, limits, JobWords { current.words })
  startGuard.done()
  let network = try world.agree { try Network(ModelDescription(named: training.model)) }
  let mpi = try check { try MPICheck(world) }
  let placement = try check { try PlacementCheck(threads: training.threads, world) }
  let full = placement.oversubscribedHosts
  let cpu = try check { try CPUCheck(world) }
  let blas = try check { try BLASCheck(world) }
  let speed = try check { try SpeedCheck(world, oversubscribedHosts: full) }
  let allReduce = try check { try AllReduceCheck(world, isOversubscribed: !full.isEmpty) }
  let neighbours = try check { try NeighbourCheck(world, isOversubscribed: !full.isEmpty) }
  let clocks = try check { try ClockCheck(world) }
  let data = try check {
    try DataCheck(training.data, read: training.dataOptions, for: network, timeout: timeout, world)
  }
  let memory = try check {
    try MemoryCheck(
      network, training, images: data.trainImages(of: world.rank),
      dataBytes: data.bytes(of: world.rank, network), world)
  }
  let sharedMemory = try check { try SharedMemoryCheck(world) }
  let temporary = try check { try TemporaryDirectoryCheck(timeout: timeout, world) }
  let runDirectory = try check {
    try RunDirectoryCheck(configuration.out, network, training, timeout: timeout, world)
  }
  return DoctorReport(
    [
      mpi, binary, placement, cpu, blas, speed, allReduce, neighbours, clocks, memory, sharedMemory,
      temporary,
      runDirectory, data,
    ], hosts: world.hosts, version: version, seconds: watch.lap())
}

/// Something is wrong that has to be mended first; the report says what.
package struct NotReadyError: AgreedError, CustomStringConvertible {
  package let description: String

  /// Nil when training can start.
  package init?(_ report: DoctorReport) {
    guard !report.isReady else { return nil }
    description = report.summary
  }
}
