import Engine
import Runs
import Testing

@Suite struct MistakeTests {
  private static let labels: [Int32] = [0, 1, 2, 0, 1, 2, 0, 1]
  /// Right, wrong, wrong, none, wrong, right, wrong, wrong without a loss.
  private static let predictions: [Int32] = [0, 0, 1, -1, 2, 2, 1, 0]
  private static let certainties = [9, 3, 5, 9, 5, 9, .infinity, .nan].enumerated().map {
    Certainty(loss: $1, probability: Float($0) / 10)
  }

  private func worst(_ count: Int) -> [Mistake] {
    worstMistakes(
      count, labels: Self.labels, predictions: Self.predictions, certainties: Self.certainties)
  }

  @Test func theLargestLossComesFirst() {
    let mistakes = worst(10)
    #expect(mistakes.map(\.sample) == [6, 2, 4, 1])
    #expect(mistakes.map(\.label) == [0, 2, 1, 1] && mistakes.map(\.prediction) == [1, 1, 2, 0])
    #expect(mistakes.map(\.certainty) == [6, 2, 4, 1].map { Self.certainties[$0] })
  }

  @Test func noMoreAreShownThanAreWanted() {
    #expect(worst(2).map(\.sample) == [6, 2])
    #expect(worstMistakes(5, labels: [1], predictions: [1], certainties: [Self.certainties[0]]).isEmpty)
  }
}
