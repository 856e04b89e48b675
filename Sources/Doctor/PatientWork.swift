import Dispatch
import Glibc
import MPI
import Parallel
import Reporting

extension World {
  /// Runs `body`, which waits for something outside MPI, such as a file system that does not answer. When it
  /// takes longer than `seconds`, says so and ends this rank, and with it the job: the other ranks wait for
  /// it in a collective, where they cannot know why.
  func work<Result>(on what: String, atMost seconds: Double, _ body: () throws -> Result) rethrows -> Result {
    let timer = DispatchSource.makeTimerSource()
    timer.schedule(deadline: .now() + seconds)
    timer.setEventHandler {
      self.communicator.say(
        "\(what) has not answered for \(shortest(seconds)) s, the limit; is its file system there? To look: "
          + "timeout 5 df \(what)")
      _exit(1)
    }
    timer.activate()
    defer { timer.cancel() }
    pulse.beat()
    return try body()
  }
}
