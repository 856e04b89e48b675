import Optimizers
import Tensors
import TestSupport
import Testing

@Suite struct WeightAverageTests {
  private func values(_ average: WeightAverage) -> [Float] {
    let memory = average.values
    return memory.span.indices.map { memory.span[$0] }
  }

  @Test func isThatOfPyTorch() {
    let start = WeightAverageGolden.values[0]
    let average = WeightAverage(of: start.span, decay: WeightAverageGolden.decay)
    #expect(values(average) == start)
    for (step, expected) in WeightAverageGolden.averages.enumerated() {
      let parameters = WeightAverageGolden.values[step + 1]
      average.update(parameters.span, steps: step + 1)
      expectClose(values(average), expected, tolerance: 1e-6, "after step \(step + 1)")
    }
  }

  /// After many steps the decay is the given one.
  @Test func decayIsTheGivenOneInTheEnd() {
    let (start, parameters): ([Float], [Float]) = ([0], [1])
    let average = WeightAverage(of: start.span, decay: 0.99)
    average.update(parameters.span, steps: 100_000)
    #expect(abs(values(average)[0] - 0.01) < 1e-8)
  }
}
