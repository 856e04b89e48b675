/// How the predictions of two classes compare with what is right.
package struct BinaryOutcome: Sendable, Equatable {
  package var truePositives = 0
  package var falsePositives = 0
  package var trueNegatives = 0
  package var falseNegatives = 0

  package init() {}

  package mutating func add(isPositive: Bool, predicted: Bool) {
    switch (isPositive, predicted) {
    case (true, true): truePositives += 1
    case (true, false): falseNegatives += 1
    case (false, true): falsePositives += 1
    case (false, false): trueNegatives += 1
    }
  }

  package var count: Int { truePositives + falsePositives + trueNegatives + falseNegatives }
  package var correct: Int { truePositives + trueNegatives }

  /// NaN where nothing was tested, as all shares here.
  package var accuracy: Double { Double(correct) / Double(count) }

  /// The share of the more frequent class: what a guess of it alone gets.
  package var majorityShare: Double {
    let positives = truePositives + falseNegatives
    return Double(max(positives, count - positives)) / Double(count)
  }

  /// The share of the positive class that was found.
  package var recall: Double { Double(truePositives) / Double(truePositives + falseNegatives) }

  /// The mean of both classes' recall.
  package var balancedAccuracy: Double {
    (recall + Double(trueNegatives) / Double(trueNegatives + falsePositives)) / 2
  }

  /// Where the accuracy lies with 95 % probability (Wilson 1927).
  package var wilsonInterval: ClosedRange<Double> {
    guard count > 0 else { return 0...1 }
    let (n, p, z) = (Double(count), accuracy, 1.959963984540054)
    let center = p + z * z / (2 * n)
    let spread = z * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
    let scale = 1 + z * z / n
    return max((center - spread) / scale, 0)...min((center + spread) / scale, 1)
  }
}
