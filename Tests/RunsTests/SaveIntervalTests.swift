import Foundation
import Runs
import Testing

@Suite struct SaveIntervalTests {
  @Test(arguments: [
    ("none", SaveInterval.never), ("1", .epochs(1)), ("20", .epochs(20)), ("500steps", .steps(500)),
    ("10min", .minutes(10)), ("0.5min", .minutes(0.5)),
  ])
  func textsAreRead(_ text: String, _ interval: SaveInterval) {
    #expect(SaveInterval(text) == interval && SaveInterval(interval.description) == interval)
  }

  @Test(arguments: [
    "", "0", "-1", "1.5", "steps", "0steps", "1.5steps", "min", "0min", "-1min", "nanmin", "infmin", "5m",
    "5 steps", "None",
  ])
  func otherTextsAreNot(_ text: String) { #expect(SaveInterval(text) == nil) }

  @Test func stepsAreCounted() {
    let timer = SaveTimer(.steps(3))
    #expect((1...9).filter { timer.isDue(afterStep: $0) } == [3, 6, 9])
    #expect(!timer.isDue(afterEpoch: 3) && !timer.isTimeUp && timer.isOn)
  }

  @Test func epochsAreCounted() {
    let timer = SaveTimer(.epochs(2))
    #expect((1...6).filter { timer.isDue(afterEpoch: $0) } == [2, 4, 6])
    #expect(!timer.isDue(afterStep: 2) && !timer.isTimeUp && timer.isOn)
  }

  /// From one checkpoint to the next: an hour is not over, and a second starts anew.
  @Test func minutesAreMeasured() {
    #expect(!SaveTimer(.minutes(60)).isTimeUp)
    var timer = SaveTimer(.minutes(1.0 / 60))
    usleep(1_100_000)
    #expect(timer.isTimeUp && !timer.isDue(afterStep: 1) && !timer.isDue(afterEpoch: 1))
    timer.saved()
    #expect(!timer.isTimeUp)
  }

  @Test func neverIsNever() {
    let timer = SaveTimer(.never)
    #expect(!timer.isOn && !timer.isTimeUp && !timer.isDue(afterStep: 1) && !timer.isDue(afterEpoch: 1))
  }
}
