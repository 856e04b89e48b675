import Synchronization

/// Calls of the system that wait for a file, which may never end where the server of a file system is gone.
///
/// Nothing wakes a thread in such a call: another one has to see how long it waits, and for what.
package enum FileWaits {
  private struct Calls {
    var next = 0
    var paths: [Int: String] = [:]
  }

  private static let calls = Mutex(Calls())

  /// The most bytes that are wanted of one call: a slow file system that does answer is no dead one.
  package static let mostBytes = 1 << 24

  /// The first of the calls that have not ended, by its number, which no other has, and the path that it waits for; nil
  /// where there is none.
  package static var oldest: (number: Int, path: String)? {
    calls.withLock { $0.paths.min { $0.key < $1.key }.map { ($0.key, $0.value) } }
  }

  /// Runs `call`, which may wait for what is at a path.
  package static func during<Result, Failure>(
    _ path: String, _ call: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let number = calls.withLock { calls in
      calls.next += 1
      calls.paths[calls.next] = path
      return calls.next
    }
    defer { calls.withLock { calls in calls.paths[number] = nil } }
    return try call()
  }
}
