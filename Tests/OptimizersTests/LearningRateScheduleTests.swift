import Optimizers
import Testing

@Suite struct LearningRateScheduleTests {
  /// By quarters of an epoch, of 3 epochs.
  private func rates(_ decay: LearningRateSchedule.Decay, warmup: Double = 1) -> [Double] {
    let schedule = LearningRateSchedule(
      initial: 0.01, peak: 0.04, warmupEpochs: warmup, totalEpochs: 3, decay: decay)
    return (0...12).map { schedule.rate(after: Double($0) / 4) }
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
    let rates = rates(.step(factor: 0.5, epochs: 1.25), warmup: 0)
    #expect(Array(rates[0...4]) == [0.04, 0.04, 0.04, 0.04, 0.04])
    #expect(rates[5] == 0.02 && rates[9] == 0.02 && rates[10] == 0.01)
  }

  /// A warm-up longer than the training ends with it.
  @Test func warmUpFitsIntoTheTraining() {
    let rates = rates(.cosine, warmup: 8)
    #expect(rates[0] == 0.01 && abs(rates[6] - 0.025) < 1e-15 && rates[12] == 0.04)
  }
}
