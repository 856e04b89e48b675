/// How right a classifier is, class by class. `Encodable` as part of what `cnn-mpi evaluate --json` prints.
package struct ClassificationReport: Encodable, Sendable {
  package struct Class: Encodable, Sendable {
    package let name: String
    /// Share of the predictions of this class that are right; nil where there is none.
    package let precision: Double?
    /// Share of this class's samples that are found; nil where there is none.
    package let recall: Double?
    /// Harmonic mean of both: 2 TP / (2 TP + FP + FN); nil where it is 0 / 0.
    package let f1: Double?
    /// Number of samples of this class.
    package let support: Int
  }

  /// Samples of class `label` taken for class `prediction`.
  package struct Confusion: Encodable, Sendable, Equatable {
    package let label: String
    package let prediction: String
    package let count: Int
  }

  package let classes: [Class]
  /// Means over the classes where they are defined.
  package let meanPrecision: Double?
  package let meanRecall: Double?
  package let meanF1: Double?
  /// Row by true class, column by prediction; nil for more than `largestMatrix` classes.
  package let confusionMatrix: [[Int]]?
  /// The most frequent first.
  package let mostConfused: [Confusion]
  /// Samples without a prediction, as a logit was no number.
  package let unclassified: Int

  static let largestMatrix = 30
  private static let mostConfusedCount = 10

  /// - Parameters:
  ///   - labels: true classes.
  ///   - predictions: -1 for none.
  ///   - names: by class.
  package init(labels: [Int32], predictions: [Int32], names: [String]) {
    precondition(
      labels.count == predictions.count, "\(labels.count) labels, \(predictions.count) predictions")
    let count = names.count
    var (support, predicted, right) = (
      [Int](repeating: 0, count: count), [Int](repeating: 0, count: count), [Int](repeating: 0, count: count)
    )
    var confusions: [SIMD2<Int32>: Int] = [:]
    for (label, prediction) in zip(labels, predictions) {
      support[Int(label)] += 1
      guard prediction >= 0 else { continue }
      predicted[Int(prediction)] += 1
      if label == prediction {
        right[Int(label)] += 1
      } else {
        confusions[SIMD2(label, prediction), default: 0] += 1
      }
    }
    classes = names.indices.map { index in
      Class(
        name: names[index], precision: share(right[index], of: predicted[index]),
        recall: share(right[index], of: support[index]),
        f1: share(2 * right[index], of: predicted[index] + support[index]), support: support[index])
    }
    meanPrecision = mean(classes.compactMap(\.precision))
    meanRecall = mean(classes.compactMap(\.recall))
    meanF1 = mean(classes.compactMap(\.f1))
    unclassified = predictions.count { $0 < 0 }
    let sorted = confusions.sorted { ($1.value, $0.key.x, $0.key.y) < ($0.value, $1.key.x, $1.key.y) }
    mostConfused = sorted.prefix(Self.mostConfusedCount).map {
      Confusion(label: names[Int($0.key.x)], prediction: names[Int($0.key.y)], count: $0.value)
    }
    guard count <= Self.largestMatrix else {
      confusionMatrix = nil
      return
    }
    var matrix = [[Int]](repeating: [Int](repeating: 0, count: count), count: count)
    for index in 0..<count { matrix[index][index] = right[index] }
    for (pair, number) in confusions { matrix[Int(pair.x)][Int(pair.y)] = number }
    confusionMatrix = matrix
  }
}

private func share(_ part: Int, of whole: Int) -> Double? {
  whole > 0 ? Double(part) / Double(whole) : nil
}

private func mean(_ values: [Double]) -> Double? {
  values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
}
