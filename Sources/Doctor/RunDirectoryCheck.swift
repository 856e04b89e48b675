import Engine
import Foundation
import MPI
import Models
import Networks
import Parallel
import Reporting
import Runs
import System

/// Rank 0 can write what a run leaves behind.
package struct RunDirectoryCheck: Check {
  package static let name = "run directory"

  let path: String
  /// Bytes of the file that was written, and seconds that it took to write, sync and rename it.
  let bytesWritten: Int
  let seconds: Double?
  /// Bytes, and whether more files can be made.
  let free: Double?
  let hasInodes: Bool?
  /// Bytes that checkpoints and records take.
  let needed: Double
  /// What went wrong.
  let error: String?
  /// By rank: it saw the file that rank 0 wrote.
  let seen: [Bool]

  private let hosts: [String]

  private enum CodingKeys: CodingKey {
    case path, bytesWritten, seconds, free, hasInodes, needed, error, seen
  }

  /// Checkpoints are written while rank 0 does nothing else, and all wait.
  static let slowSeconds = 2.0

  package init(_ trial: Outcome, needed: Double, seen: [Bool], hosts: [String]) {
    path = trial.path
    bytesWritten = DirectoryTrial.bytes
    seconds = trial.seconds
    free = trial.free
    hasInodes = trial.hasInodes
    error = trial.error
    self.needed = needed
    self.seen = seen
    self.hosts = hosts
  }

  /// What rank 0 found.
  package struct Outcome: Equatable {
    package var path: String
    package var seconds: Double?
    package var free: Double?
    package var hasInodes: Bool?
    package var error: String?

    package init(
      path: String, seconds: Double? = nil, free: Double? = nil, hasInodes: Bool? = nil, error: String? = nil
    ) {
      self.path = path
      self.seconds = seconds
      self.free = free
      self.hasInodes = hasInodes
      self.error = error
    }
  }

  init(
    _ path: String, _ network: Network, _ configuration: TrainingConfiguration, timeout: Double,
    _ world: World
  ) throws {
    let trial = world.isRoot ? world.work(on: path, atMost: timeout) { DirectoryTrial(path) } : nil
    defer { trial?.remove() }
    let file = try world.communicator.broadcast(trial?.file ?? "")
    let sees = world.work(on: path, atMost: timeout) { Self.exists(file) }
    let seen = try world.communicator.allGather(sees ? 1 : 0)
    // A checkpoint more than are kept, while a new one is written; the trained model; records.
    let arenas = Double(network.layout.gradientCount) * 4
    let checkpoint = arenas + configuration.savedBytes(of: network)
    self.init(
      Outcome(
        path: trial?.path ?? path, seconds: trial?.seconds, free: trial?.space?.free,
        hasInodes: trial?.space?.hasInodes, error: trial?.error),
      needed: checkpoint * Double(configuration.keep + 1) + arenas + 10e6, seen: seen.map { $0 == 1 },
      hosts: world.hosts)
  }

  /// Network file systems take a moment to show others what one wrote.
  private static func exists(_ file: String) -> Bool {
    guard !file.isEmpty else { return false }
    for _ in 0..<10 {
      if access(file, F_OK) == 0 { return true }
      usleep(100_000)
    }
    return false
  }

  package var facts: String {
    guard error == nil else { return "\(path) cannot be used" }
    let written =
      "\(path): \(bytes(Double(bytesWritten))) written and synced in \(shortTime((seconds ?? 0) * 1e6))"
    let sharing =
      Set(hosts).count == 1
      ? "" : seen.allSatisfy { $0 } ? ", on all hosts" : ", not on all hosts (rank 0 writes)"
    return "\(written), \(bytes(free ?? 0)) free\(sharing)"
  }

  /// What was tried did not even fit.
  private var isFull: Bool { (free ?? .infinity) < Double(bytesWritten) || hasInodes == false }

  private var makeRoom: String {
    "make room (df -h -i \(path)), or choose another run directory, or keep fewer checkpoints"
  }

  package var problems: [Problem] {
    if let error {
      return [
        .error(
          error,
          remedy: isFull ? makeRoom : "choose a run directory that rank 0 (\(hosts[0])) can make and write")
      ]
    }
    var problems: [Problem] = []
    if let free, free < needed {
      problems.append(
        .error(
          "\(path) has \(bytes(free)) free, and a run with its checkpoints takes about \(bytes(needed))",
          remedy: makeRoom))
    }
    if hasInodes == false {
      problems.append(
        .error("\(path): the file system can take no more files", remedy: makeRoom))
    }
    if let seconds, seconds > Self.slowSeconds {
      problems.append(
        .warning(
          "\(path): \(bytes(Double(bytesWritten))) took \(shortTime(seconds * 1e6)) to write and sync, and all ranks "
            + "wait for each checkpoint",
          remedy: "choose a run directory on a faster file system, or save less often"))
    }
    return problems
  }
}
