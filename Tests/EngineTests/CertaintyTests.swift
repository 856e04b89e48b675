import Engine
import Foundation
import Testing

@Suite struct CertaintyTests {
  private func certainty(_ logits: [Float], label: Int) -> Certainty { Certainty(logits.span, label: label) }

  /// Probabilities 1/4 and 3/4.
  @Test func numbersAreThoseOfTheSoftmax() {
    let logits = [0, Float(log(3.0))]
    for (label, loss) in [(0, log(4.0)), (1, log(4.0 / 3))] {
      let found = certainty(logits, label: label)
      #expect(abs(Double(found.loss) - loss) < 1e-6 && abs(found.probability - 0.75) < 1e-6, "\(found)")
    }
    #expect(certainty([5, 5, 5, 5], label: 2).probability == 0.25)
  }

  /// Where the probability is 1, losses still tell mistakes apart.
  @Test func largeLogitsDoNotOverflow() {
    let found = certainty([-300, 700, 0], label: 0)
    #expect(found.loss == 1000 && found.probability == 1)
    #expect(certainty([-300, 700, 0], label: 2).loss == 700)
  }
}
