import Files
import Foundation
import Reporting
import System

/// Keeps two runs out of one directory: the file `run.lock` says whose it is.
///
/// The file is made by linking a finished one to its name, which a file system, NFS too, does for one process
/// alone. A lock whose run is dead is taken over: one of this host whose process is gone, one of an earlier
/// start of the same batch job, and one of another host that was not refreshed for `patience`.
package final class RunLock: RunObserver {
  /// Who holds a lock.
  package struct Holder: Codable, Equatable {
    let process: ProcessIdentity
    /// To the second, as files have it.
    let since: Date
    /// The batch job, nil outside of one, and how often it was started before.
    let job: String?
    let restarts: Int

    package init(process: ProcessIdentity, job: String?, restarts: Int) {
      self.process = process
      since = Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded(.down))
      self.job = job
      self.restarts = restarts
    }

    /// This process.
    package static func own(
      _ environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> Holder {
      Holder(
        process: .own, job: environment["SLURM_JOB_ID"],
        restarts: environment["SLURM_RESTART_COUNT"].flatMap { Int($0) } ?? 0)
    }
  }

  /// A lock that cannot be had.
  package struct Taken: Error, CustomStringConvertible {
    let directory: String
    let holder: Holder

    package var description: String {
      let process = holder.process
      let elsewhere =
        process.state == .unknown
        ? "; if it is dead for sure, remove \(directory)/\(RunLock.fileName)" : ""
      return
        "\(directory): expected a directory that no run is using, found one that process \(process.process) on "
        + "\(process.host) has been using since \(holder.since.formatted(.iso8601))\(elsewhere); wait for its end, end it, "
        + "or choose another directory"
    }
  }

  package static let fileName = "run.lock"
  /// Seconds between two refreshments, and without any after which another host's lock counts as left behind.
  private static let interval = 30.0
  private static let patience = 600.0

  private let path: String
  private let own: Holder
  private var isHeld = false
  private var lastRefresh = ContinuousClock.now

  /// - Throws: `Taken`, or an `OutputError` when the file cannot be made.
  package init(in directory: RunDirectory, _ own: Holder = .own()) throws {
    path = directory.file(Self.fileName)
    self.own = own
    for _ in 0..<8 {
      if try make() {
        isHeld = true
        return
      }
      guard let holder = Self.holder(of: path) else { continue }
      guard isLeftBehind(holder) else { throw Taken(directory: directory.path, holder: holder) }
      takeAway(holder)
    }
    throw OutputError(path, "to make the lock", code: EBUSY)
  }

  /// - Throws: `Taken` where a run is going on in the directory.
  static func check(in directory: RunDirectory) throws {
    let lock = RunLock(unheldIn: directory)
    if let holder = holder(of: lock.path), !lock.isLeftBehind(holder) {
      throw Taken(directory: directory.path, holder: holder)
    }
  }

  private init(unheldIn directory: RunDirectory) {
    path = directory.file(Self.fileName)
    own = .own()
  }

  deinit { release() }

  /// Makes the lock; false where there is one.
  private func make() throws -> Bool {
    let finished = "\(path).\(own.process.host).\(own.process.process)"
    try writeAtomically(prettyJSON(own), to: finished)
    defer { unlink(finished) }
    if link(finished, path) == 0 { return true }
    guard errno != EEXIST else { return false }
    // A file system without links.
    let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard file >= 0 else {
      if errno == EEXIST { return false }
      throw OutputError(path, "to make the lock")
    }
    close(file)
    try writeAtomically(prettyJSON(own), to: path)
    return true
  }

  private static func holder(of path: String) -> Holder? {
    try? decodeFile(Holder.self, path, as: "the lock of a run")
  }

  private func isLeftBehind(_ holder: Holder) -> Bool {
    switch holder.process.state {
    case .alive: false
    case .dead: true
    case .unknown:
      holder.job != nil && holder.job == own.job && holder.restarts < own.restarts
        || secondsSinceRefresh() > Self.patience
    }
  }

  /// By the clock of the file system, as hosts' clocks differ.
  private func secondsSinceRefresh() -> Double {
    let probe = "\(path).\(own.process.host).\(own.process.process)"
    guard (try? writeAtomically([], to: probe)) != nil else { return 0 }
    defer { unlink(probe) }
    func modified(_ path: String) -> Double? {
      var status = stat()
      guard stat(path, &status) == 0 else { return nil }
      return Double(status.st_mtim.tv_sec)
    }
    guard let now = modified(probe), let then = modified(path) else { return 0 }
    return now - then
  }

  /// Removes the lock of a dead run, unless another process was faster and has its own there by now.
  private func takeAway(_ holder: Holder) {
    let aside = "\(path).left.\(own.process.host).\(own.process.process)"
    guard rename(path, aside) == 0 else { return }
    if let found = Self.holder(of: aside), found != holder { link(aside, path) }
    unlink(aside)
  }

  /// Shows other hosts that the run is alive.
  package func stepEnded(_ progress: StepProgress) {
    guard (ContinuousClock.now - lastRefresh).seconds > Self.interval else { return }
    lastRefresh = .now
    utimes(path, nil)
  }

  package func runEnded(_ end: RunEnd) { release() }

  package func runStopped(_ stop: RunStop) { release() }

  private func release() {
    guard isHeld else { return }
    isHeld = false
    if Self.holder(of: path) == own { unlink(path) }
  }
}
