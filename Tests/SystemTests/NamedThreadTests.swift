import Foundation
import Synchronization
import System
import Testing

@Suite struct NamedThreadTests {
  @Test func itRunsUnderItsName() throws {
    let name = Mutex("")
    let done = DispatchSemaphore(value: 0)
    try NamedThread.start("a name that is too long") {
      let text = try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)
      name.withLock { $0 = text ?? "" }
      done.signal()
    }
    #expect(done.wait(timeout: .now() + 30) == .success)
    #expect(name.withLock { $0 } == "a name that is \n")
  }

  /// More address space than there is.
  @Test func oneThatCannotBeIsAnError() throws {
    let error = #expect(throws: SystemError.self) {
      try NamedThread.start("huge", stackBytes: 1 << 50) { Issue.record("the thread runs") }
    }
    #expect(error?.description.hasPrefix("expected to start the thread \"huge\", found") == true)
  }
}
