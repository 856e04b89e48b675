import Engine
import Foundation
import Models
import Runs
import Testing

@Suite struct ClassificationReportTests {
  /// By hand: class a has 3 samples, 2 found, one taken for b; b has 2, 1 found, one taken for a; c has none
  /// and is predicted once, wrongly, for d, whose other sample has no prediction.
  private static let report = ClassificationReport(
    labels: [0, 0, 0, 1, 1, 3, 3], predictions: [0, 0, 1, 1, 0, 2, -1], names: ["a", "b", "c", "d"])

  @Test func numbersAreThoseOfTheDefinitions() {
    let classes = Self.report.classes
    #expect(classes.map(\.precision) == [2.0 / 3, 0.5, 0, nil])
    #expect(classes.map(\.recall) == [2.0 / 3, 0.5, nil, 0])
    #expect(classes.map(\.f1) == [4.0 / 6, 0.5, 0, 0])
    #expect(classes.map(\.support) == [3, 2, 0, 2])
    #expect(Self.report.meanPrecision == (2.0 / 3 + 0.5) / 3)
    #expect(Self.report.unclassified == 1)
    #expect(
      Self.report.confusionMatrix == [[2, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0]])
    #expect(
      Self.report.mostConfused.map { "\($0.label)\($0.prediction)\($0.count)" } == ["ab1", "ba1", "dc1"])
  }

  @Test func textShowsWhatIsUndefined() {
    let text = Self.report.text
    #expect(text.contains("1 samples have no prediction"))
    #expect(text.contains("a  2  1  .  ."))
    #expect(
      text.split(separator: "\n")[4].split(separator: " ") == ["d", "-", "0.00", "%", "0.00", "%", "2"])
  }

  /// Many classes: no matrix, but the most frequent confusions first.
  @Test func manyClassesHaveNoMatrix() {
    let labels = (0..<2000).map { Int32($0 % 100) }
    let predictions = labels.enumerated().map { $0.offset < 300 && $0.element == 7 ? 8 : $0.element }
    let report = ClassificationReport(
      labels: labels, predictions: predictions, names: (0..<100).map { "c\($0)" })
    #expect(report.confusionMatrix == nil && report.classes.count == 100)
    let matrix = report.wholeMatrix
    #expect(matrix.count == 100 && matrix.allSatisfy { $0.reduce(0, +) == 20 })
    #expect(matrix[7][7] == 17 && matrix[7][8] == 3 && matrix[8][8] == 20)
    #expect(report.mostConfused.map { "\($0.label) \($0.prediction) \($0.count)" } == ["c7 c8 3"])
    #expect(!report.text.contains("rows: true classes") && report.text.contains("c7 for c8"))
  }
}
