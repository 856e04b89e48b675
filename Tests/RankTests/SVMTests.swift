import Files
import Foundation
import LinearModels
import Tensors
import TestSupport
import Testing

/// Spark's SVM on one rank and on several, by rows and by products of rows: always the weights of numpy.
@MainActor @Suite struct SVMTests {
  private static let (trained, columns) = (24, 5)

  /// The features of `Tests/Golden/svm_with_sgd.py`: 12 rows of class a, 12 of class b, and one of b more, which is not
  /// trained on.
  private static var table: FeatureTable {
    let values = SharedBuffer<Float>(repeating: 0, count: trained + 1, unit: columns)
    for r in 0...trained {
      for c in 0..<columns {
        var value = Float((7 * r * r + 13 * c * c + 5 * r * c) % 23) / 16
        if r < trained / 2 && c == 0 { value += 1 }
        if r < trained / 2 && c == 3 { value -= 0.75 }
        values.unsafeMemory[r * columns + c] = value
      }
    }
    let names = (0...trained).map { $0 < trained / 2 ? "a_\(10 + $0).jpg" : "b_\(10 + $0).jpg" }
    return FeatureTable(sortedNames: names, columns: columns, values: values)
  }

  private static func settings(_ number: Int) -> (SVMGolden, HingeDescent) {
    var settings = HingeDescent()
    switch number {
    case 0: return (.usual, settings)
    case 1:
      settings.tolerance = 0.1
      return (.loose, settings)
    default:
      (settings.step, settings.regularization, settings.iterations) = (0.5, 0.2, 7)
      return (.other, settings)
    }
  }

  @Test(arguments: 0..<3, [1, 3])
  func weightsAreNumpys(_ number: Int, _ threads: Int) throws {
    let (golden, settings) = Self.settings(number)
    let table = Self.table
    let split = RowSplit.listed(Set(table.names.dropLast()), label: 0.96)
    let study = SVMStudy(table, [split], settings, threads: threads)
    for result in try study.run([ClassPair(0, 1), ClassPair(0, nil)], in: Ranks.world) {
      let model = result.models[0]
      try Ranks.expectEverywhere(
        model.trainRows == Self.trained && model.outcome.count == 1 && result.best == 0, "\(model)")
      try Ranks.expectEverywhere(
        model.end == DescentEnd(iterations: golden.iterations, isConverged: golden.isConverged),
        "\(model.end)")
      for (own, expected) in zip(result.weights, golden.weights) {
        try Ranks.expectEverywhere(abs(own - expected) <= 1e-12, "\(own), \(expected)")
      }
      try Ranks.expectEverywhere(result.weights.count == Self.columns, "\(result.weights)")
    }
  }

  /// Rows that were trained on are tested when another split trains on none of them.
  @Test func countsAreThoseOfTheWeights() throws {
    let table = Self.table
    let names = Array(table.names.dropLast())
    let study = SVMStudy(
      table, [.listed([], label: 0.1), .listed(Set(names.prefix(6) + names.suffix(6)), label: 0.5)],
      HingeDescent(), threads: 2)
    for result in try study.run([ClassPair(0, 1), ClassPair(0, nil), ClassPair(1, 0)], in: Ranks.world) {
      let (untrained, half) = (result.models[0], result.models[1])
      // Without weights nothing is of the positive class.
      let positives = result.pair.positive == 0 ? 12 : 13
      try Ranks.expectEverywhere(
        untrained.trainRows == 0 && untrained.outcome.correct == 25 - positives
          && untrained.outcome.falseNegatives == positives && untrained.end == DescentEnd(), "\(untrained)")
      try Ranks.expectEverywhere(half.trainRows == 12 && half.outcome.count == 13, "\(half)")
      var outcome = BinaryOutcome()
      for (row, name) in table.names.enumerated() where !study.isTrained(row, inSplit: 1) {
        let features = (0..<Self.columns).map { Double(table.values.unsafeMemory[row * Self.columns + $0]) }
        let margin = zip(features, result.weights).reduce(0) { $0 + $1.0 * $1.1 }
        outcome.add(isPositive: name.hasPrefix(result.pair.positive == 0 ? "a" : "b"), predicted: margin > 0)
      }
      try Ranks.expectEverywhere(outcome == half.outcome && result.best == 1, "\(outcome), \(half.outcome)")
    }
  }

  /// Files that cannot be read are left out on all ranks alike.
  @Test func featuresAreReadFromJSON() throws {
    try Ranks.withSharedDirectory { directory in
      let good = ["[1, -2.5, 3e2]", "[[0.1, 16777217, -0.0]]", " [ 1.5E-3 ,2, 3 ]\n"]
      let bad = [
        "", "[1, 2, 3", "[1, 2]", "[1, 2, 3, 4]", "[[1, 2, 3], [4, 5, 6]]", "[1, \"2\", 3]", "[1, null, 3]",
        "{\"a\": 1}", "[1, 2, 3] 4", "[[1, 2, 3]] 4", "[1, 1e39, 3]", "[1, [2], 3]", "nonsense",
      ]
      if Ranks.world.isRoot {
        for (index, text) in (good + bad).enumerated() {
          let name = "\(directory)/\(index % 2 == 0 ? "even" : "odd")_\(10 + index).jpg.json"
          try Data(text.utf8).write(to: URL(fileURLWithPath: name))
        }
        try Data("[9, 9, 9]".utf8).write(to: URL(fileURLWithPath: "\(directory)/.hidden_1.jpg.json"))
      }
      try Ranks.world.communicator.barrier()
      let files = try FeatureFiles(directory)
      let (table, errors) = try files.read(in: Ranks.world, threads: 2)
      try Ranks.expectEverywhere(
        table.names == ["even_10.jpg", "even_12.jpg", "odd_11.jpg"] && table.classNames == ["even", "odd"]
          && table.columns == 3, "\(table.names)")
      try Ranks.expectEverywhere(
        table.values.array() == [1, -2.5, 300, 0.0015, 2, 3, 0.1, 16_777_216, 0], "\(table.values.array())")
      try Ranks.expectEverywhere(errors.count == bad.count, "\(errors)")
      for error in errors {
        try Ranks.expectEverywhere(
          error.contains(".jpg.json: expected ") && error.contains(", found "), "\(error)")
      }
      let odd = try FeatureFiles(directory, classes: ["odd"])
      try Ranks.expectEverywhere(odd.names.allSatisfy { $0.hasPrefix("odd") }, "\(odd.names)")
      #expect(throws: FileError.self) { try FeatureFiles(directory, classes: ["none"]) }
    }
  }
}
