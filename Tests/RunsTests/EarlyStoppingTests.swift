import Runs
import Testing

@Suite struct EarlyStoppingTests {
  /// Epochs of these accuracies, each with its number as the only weight.
  private func run(_ accuracies: [Double], patience: Int) -> EarlyStopping {
    let stopping = EarlyStopping(patience: patience, count: 1)
    for (epoch, accuracy) in accuracies.enumerated() {
      stopping.epochEnded(epoch, accuracy: accuracy, weights: [Float(epoch)].span)
    }
    return stopping
  }

  private func bestWeight(_ stopping: EarlyStopping) -> Float { stopping.weights.unsafeMemory[0] }

  @Test func theBestEpochsWeightsAreKept() {
    let stopping = run([0.5, 0.75, 0.625, 0.7], patience: 9)
    #expect(stopping.state.bestEpoch == 1 && stopping.state.bestAccuracy == 0.75)
    #expect(bestWeight(stopping) == 1 && !stopping.isDue)
  }

  /// As much is no better: the first of equals is kept.
  @Test func equalsAreNoImprovement() {
    let stopping = run([0.5, 0.5, 0.5], patience: 2)
    #expect(stopping.state.bestEpoch == 0 && bestWeight(stopping) == 0)
    #expect(stopping.state.epochsWithoutImprovement == 2 && stopping.isDue)
  }

  @Test func patienceCountsEpochsInARow() {
    #expect(!run([0.5, 0.4, 0.6, 0.5], patience: 2).isDue)
    #expect(run([0.5, 0.4, 0.6, 0.5, 0.6], patience: 2).isDue)
    #expect(!run([0.5], patience: 1).isDue && run([0.5, 0.4], patience: 1).isDue)
  }

  /// Nothing right is better than no epoch at all.
  @Test func anAccuracyOfZeroCounts() {
    let stopping = run([0], patience: 1)
    #expect(stopping.state.bestAccuracy == 0 && !stopping.isDue)
  }

  /// A run that goes on has the state of the one that stopped.
  @Test func theStateGoesOn() {
    let whole = run([0.5, 0.75, 0.7, 0.6], patience: 3)
    let second = EarlyStopping(patience: 3, count: 1)
    second.state = run([0.5, 0.75, 0.7], patience: 3).state
    second.epochEnded(3, accuracy: 0.6, weights: [3].span)
    #expect(second.state == whole.state && second.isDue == whole.isDue)
  }
}
