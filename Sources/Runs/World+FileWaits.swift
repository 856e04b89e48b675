import Files
import Foundation
import Parallel
import Reporting
import System

extension World {
  /// From now on a file system that does not answer within `seconds` ends this rank, and with it the job, with the path
  /// that it was asked for: where its server is gone, nothing else wakes who waits for it.
  ///
  /// - Parameter seconds: that a call of the system has, of which a large file takes many; 0 for any.
  /// - Throws: on all ranks, when one cannot start its thread.
  package func limitFileWaits(to seconds: Double) throws {
    guard seconds > 0 else { return }
    let name = "[rank \(rank)/\(size) \(hosts[rank])]"
    // Who waits for another rank hears of it by the watchdog.
    let patience = isRoot ? min(10, seconds / 2) : .infinity
    try agree {
      try NamedThread.start("file waits") {
        // Looks are counted, not the clock's time, in which the job may have been suspended.
        let pause = min(1, seconds / 10)
        var (call, waited) = (0, 0.0)
        while true {
          usleep(UInt32(pause * 1e6))
          let oldest = FileWaits.oldest
          waited = oldest?.number == call ? waited + pause : 0
          call = oldest?.number ?? 0
          guard let path = oldest.map({ Path($0.path) }) else { continue }
          if waited >= seconds {
            printError(
              "\(name) \(path): expected an answer of its file system within \(shortest(seconds)) s, found none; "
                + "is its server there? To look: timeout 5 df \(path)")
            _exit(1)
          } else if waited >= patience, waited - pause < patience {
            printError(
              "\(name) warning: \(path): its file system has not answered for \(shortest(patience)) s; the "
                + "program ends after \(shortest(seconds)) s")
          }
        }
      }
    }
  }
}
