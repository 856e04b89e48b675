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

  /// Samples by true class and prediction, where there are any.
  private let counts: [SIMD2<Int32>: Int]

  private enum CodingKeys: CodingKey {
    case classes, meanPrecision, meanRecall, meanF1, confusionMatrix, mostConfused, unclassified
  }

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
    var (support, predicted) = ([Int](repeating: 0, count: count), [Int](repeating: 0, count: count))
    var counts: [SIMD2<Int32>: Int] = [:]
    for (label, prediction) in zip(labels, predictions) {
      support[Int(label)] += 1
      guard prediction >= 0 else { continue }
      predicted[Int(prediction)] += 1
      counts[SIMD2(label, prediction), default: 0] += 1
    }
    self.counts = counts
    classes = names.indices.map { index in
      let right = counts[SIMD2(repeating: Int32(index))] ?? 0
      return Class(
        name: names[index], precision: share(right, of: predicted[index]),
        recall: share(right, of: support[index]),
        f1: share(2 * right, of: predicted[index] + support[index]), support: support[index])
    }
    meanPrecision = mean(classes.compactMap(\.precision))
    meanRecall = mean(classes.compactMap(\.recall))
    meanF1 = mean(classes.compactMap(\.f1))
    unclassified = predictions.count { $0 < 0 }
    let confusions = counts.filter { $0.key.x != $0.key.y }
    let sorted = confusions.sorted { ($1.value, $0.key.x, $0.key.y) < ($0.value, $1.key.x, $1.key.y) }
    mostConfused = sorted.prefix(Self.mostConfusedCount).map {
      Confusion(label: names[Int($0.key.x)], prediction: names[Int($0.key.y)], count: $0.value)
    }
    confusionMatrix = count <= Self.largestMatrix ? matrix(of: counts, classes: count) : nil
  }

  /// Samples by true class (row) and prediction (column), of any number of classes.
  package var wholeMatrix: [[Int]] { confusionMatrix ?? matrix(of: counts, classes: classes.count) }
}

private func matrix(of counts: [SIMD2<Int32>: Int], classes: Int) -> [[Int]] {
  var matrix = [[Int]](repeating: [Int](repeating: 0, count: classes), count: classes)
  for (pair, count) in counts { matrix[Int(pair.x)][Int(pair.y)] = count }
  return matrix
}

private func share(_ part: Int, of whole: Int) -> Double? {
  whole > 0 ? Double(part) / Double(whole) : nil
}

private func mean(_ values: [Double]) -> Double? {
  values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
}
