import Files
import Foundation
import LinearModels
import TestSupport
import Testing

@Suite struct RowSplitTests {
  /// By xxhash, see `Tests/Golden/svm_with_sgd.py`.
  @Test(arguments: [
    ("beagle_1.jpg", 0.21147063539727662), ("boxer_12.jpg", 0.9066264317076089),
    ("wheaten_terrier_200.jpg", 0.9408396585574226),
  ])
  func aNamesNumberIsItsHash(_ name: String, _ expected: Double) {
    #expect(RowSplit.uniform(name, seed: 20) == expected)
    #expect(RowSplit.share(expected + 1e-12, seed: 20).trains(on: name))
    #expect(!RowSplit.share(expected, seed: 20).trains(on: name))
  }

  @Test func sharesAreNestedAndAsLargeAsSaid() {
    let names = (0..<20_000).map { "beagle_\($0).jpg" }
    var before: Set<String> = []
    for share in [0.1, 0.35, 0.9, 1] {
      let chosen = Set(names.filter(RowSplit.share(share, seed: 3).trains))
      #expect(before.isSubset(of: chosen) && abs(Double(chosen.count) / 20_000 - share) < 0.012)
      before = chosen
    }
    #expect(before.count == names.count)
  }

  @Test func listsAreReadFromATable() throws {
    try withTemporaryDirectory { directory in
      func read(_ text: String) throws -> [RowSplit] {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(directory)/s.csv"))
        return try RowSplit.read("\(directory)/s.csv")
      }
      let splits = try read("split,file\n0.5,a_1.jpg\n0.25,a_1.jpg\n0.5,b_1.jpg\n")
      #expect(splits.map(\.share) == [0.25, 0.5])
      #expect(splits.map { $0.trains(on: "b_1.jpg") } == [false, true])
      #expect(splits.allSatisfy { $0.trains(on: "a_1.jpg") && !$0.trains(on: "c_1.jpg") })
      for (text, message) in [
        ("", "expected rows of splits, found none"),
        ("0.5,a_1.jpg\n1.5,b\n", "line 2: expected the share of a split"),
        ("a;b;c\n", "expected two columns, split and file, found 3"),
      ] {
        #expect { try read(text) } throws: { "\($0)".contains(message) }
      }
    }
  }

  @Test func outcomesAreCounted() {
    var outcome = BinaryOutcome()
    // 30 of 40 positives found, 55 of 60 negatives.
    for index in 0..<100 {
      let isPositive = index < 40
      outcome.add(isPositive: isPositive, predicted: isPositive ? index < 30 : index < 45)
    }
    #expect(outcome.correct == 85 && outcome.count == 100 && outcome.accuracy == 0.85)
    #expect(outcome.majorityShare == 0.6 && outcome.recall == 0.75)
    #expect(abs(outcome.balancedAccuracy - (0.75 + 55.0 / 60) / 2) < 1e-15)
    // statsmodels.stats.proportion.proportion_confint(85, 100, method="wilson")
    #expect(abs(outcome.wilsonInterval.lowerBound - 0.7671644) < 1e-6)
    #expect(abs(outcome.wilsonInterval.upperBound - 0.9069401) < 1e-6)
  }
}
