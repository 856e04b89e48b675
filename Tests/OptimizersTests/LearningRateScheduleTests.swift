import Optimizers
import Testing

@Suite struct LearningRateScheduleTests {
  private func rates(_ decay: LearningRateSchedule.Decay, warmup: Int = 4, total: Int = 12) -> [Double] {
    let schedule = LearningRateSchedule(
      initial: 0.01, peak: 0.04, warmupSteps: warmup, totalSteps: total, decay: decay)
    return (0...total).map(schedule.rate)
  }

  @Test func warmUpGoesFromTheUnscaledToTheScaledRate() {
    let rates = rates(.constant)
    for (step, rate) in [0.01, 0.0175, 0.025, 0.0325, 0.04].enumerated() {
      #expect(abs(rates[step] - rate) < 1e-15)
    }
    #expect(rates[4...].allSatisfy { $0 == 0.04 })
    #expect(self.rates(.constant, warmup: 0).allSatisfy { $0 == 0.04 })
  }

  @Test func cosineEndsAtZero() {
    let rates = rates(.cosine)
    #expect(rates[4] == 0.04 && abs(rates[8] - 0.02) < 1e-15 && abs(rates[12]) < 1e-15)
    #expect(zip(rates[4...], rates[5...]).allSatisfy { $0 > $1 })
  }

  @Test func stepsDropByTheirFactor() {
    let rates = rates(.step(factor: 0.5, steps: 5), warmup: 0)
    #expect(Array(rates[0...4]) == [0.04, 0.04, 0.04, 0.04, 0.04])
    #expect(rates[5] == 0.02 && rates[9] == 0.02 && rates[10] == 0.01)
  }
}
