import MPI
import Parallel
import System

extension World {
  /// Prints what a command is for. All ranks learn whether it could be written, and leave together where it
  /// could not.
  ///
  /// - Parameter text: evaluated on the rank that speaks for all.
  func print(_ text: @autoclosure () throws -> String) throws {
    var code: Int32 = 0
    if speaks {
      do { try StandardOutput.print(text()) } catch let lost as LostOutput { code = lost.code }
    }
    let shared = try communicator.allReduce(Int(code), .maximum)
    if shared != 0 { throw LostOutput(code: Int32(shared)) }
  }

  /// This process speaks for all: rank 0, and of processes that MPI left alone the launcher's first.
  var speaks: Bool { isRoot && (size > 1 || (Launcher.intendedRank() ?? 0) == 0) }
}

extension LostOutput: AgreedError {}
