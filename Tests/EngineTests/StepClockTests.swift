import Engine
import Foundation
import System
import Testing

@Suite struct StepClockTests {
  private func work(_ milliseconds: Int) { usleep(UInt32(1000 * milliseconds)) }

  /// Time goes to the innermost part; none is counted twice, and none outside of all parts.
  @Test func partsWithinPartsAddUp() {
    let clock = StepClock()
    let start = ContinuousClock.now
    clock.measure(.sum) {
      work(20)
      clock.measure(.backward) {
        work(30)
        clock.measure(.reduce) { work(10) }
        work(10)
      }
    }
    let elapsed = (ContinuousClock.now - start).seconds
    work(50)
    let times = clock.times
    #expect(times[.sum] >= 0.02 && times[.backward] >= 0.04 && times[.reduce] >= 0.01)
    #expect(times.total <= elapsed && times.total >= elapsed - 0.005, "\(times.total) of \(elapsed)")
    #expect(times[.forward] == 0 && times[.update] == 0)
  }

  @Test func aPartThatThrowsEnds() {
    struct Failure: Error {}
    let clock = StepClock()
    #expect(throws: Failure.self) { try clock.measure(.wait) { throw Failure() } }
    work(30)
    #expect(clock.times[.wait] < 0.03)
  }

  /// What a part gives is given on, and what was hidden is no part.
  @Test func hiddenTimeIsNoPart() {
    let clock = StepClock()
    clock.measure(.backward) {
      work(20)
      clock.addHidden()
    }
    #expect(clock.measure(.data) { 7 } == 7)
    #expect(clock.times.hidden >= 0.02 && clock.times.total < clock.times.hidden + 0.02)
  }
}
