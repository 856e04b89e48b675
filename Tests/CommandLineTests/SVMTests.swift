import Foundation
import TestSupport
import Testing

/// `cnn-mpi svm` as people call it.
@Suite struct SVMTests {
  /// 3 classes of 40 images with 30 features, some of which depend on the class.
  private func withFeatures(_ body: (_ directory: String) throws -> Void) throws {
    try withTemporaryDirectory { directory in
      var random = SystemlessRandom(state: 7)
      for (number, name) in ["beagle", "boxer", "wheaten_terrier"].enumerated() {
        for image in 1...40 {
          let features = (0..<30).map { column in
            Double(Float(random.next() + (column % 3 == number ? 0.35 : 0)))
          }
          let text = "[\(features.map { "\($0)" }.joined(separator: ", "))]"
          try Data(text.utf8).write(to: URL(fileURLWithPath: "\(directory)/\(name)_\(image).jpg.json"))
        }
      }
      try body(directory)
    }
  }

  /// Numbers in 0..<1 that are the same everywhere.
  private struct SystemlessRandom {
    var state: UInt64
    mutating func next() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 40) * 0x1p-24
    }
  }

  private func results(_ directory: String) throws -> [[String]] {
    try String(contentsOfFile: "\(directory)/results.csv", encoding: .utf8).split(separator: "\n").map {
      $0.split(separator: ";", omittingEmptySubsequences: false).map(String.init)
    }
  }

  @Test func pairsAreTrainedAndTested() throws {
    try withFeatures { features in
      try withTemporaryDirectory { out in
        let words = ["beagle", "vs", "wheaten_terrier", "boxer", "vs", "All"]
        for ranks in [nil, 2] {
          let program = try Program.run(
            ["svm", features] + words + [
              "--splits", "0.3,0.7", "--decimal", "comma", "--out", "\(out)/\(ranks ?? 1)",
            ],
            ranks: ranks)
          #expect(program.exitCode == 0, "\(program.errors)")
          for line in [
            "Preparing for \"beagle\" vs \"wheaten_terrier\"...", "  class2: \"All\", nb rows=80",
            "*** Split= 30.00 / 70.00 (", "Best prediction: Model #",
          ] { #expect(program.output.contains(line), "\(program.output)") }
        }
        let rows = try results("\(out)/1")
        #expect(
          rows[0].joined(separator: ";")
            == "class_1;class_2;split;iteration;num_model;predict%;nb_train;nb_test;nb_correct")
        #expect(rows.count == 5 && rows[1].prefix(5) == ["beagle", "wheaten_terrier", "0,30", "100", "1"])
        #expect(rows[4].prefix(5) == ["boxer", "All", "0,70", "100", "2"])
        for row in rows.dropFirst() {
          let (train, test) = (try #require(Int(row[6])), try #require(Int(row[7])))
          #expect(train + test == (row[1] == "All" ? 120 : 80) && train > 0)
          let correct = try #require(Int(row[8]))
          let percent = try #require(Double(row[5].replacing(",", with: ".")))
          #expect(abs(percent - 100 * Double(correct) / Double(test)) <= 0.005001 && row[5].contains(","))
          #expect(row[1] == "All" || percent > 80)
        }
        #expect(try results("\(out)/2") == rows)
        let model = try Data(contentsOf: URL(fileURLWithPath: "\(out)/1/model.safetensors"))
        #expect(try model == Data(contentsOf: URL(fileURLWithPath: "\(out)/2/model.safetensors")))
        for name in ["beagle_vs_wheaten_terrier.png", "boxer_vs_All.svg"] where hasGnuplot {
          #expect(FileManager.default.fileExists(atPath: "\(out)/1/\(name)"))
        }
      }
    }
  }

  @Test func allPairsGiveAMatrix() throws {
    try withFeatures { features in
      try withTemporaryDirectory { out in
        let program = try Program.run(
          ["svm", features, "--all-pairs", "--splits", "0.5", "--details", "--out", out], ranks: 2)
        #expect(program.exitCode == 0, "\(program.errors)")
        let rows = try results(out)
        #expect(
          rows.dropFirst().map { "\($0[0]) \($0[1])" } == [
            "beagle boxer", "beagle wheaten_terrier", "boxer wheaten_terrier",
          ])
        #expect(rows[0].count == 17 && rows.allSatisfy { $0.count == 17 })
        let matrix = try String(contentsOfFile: "\(out)/accuracy-0.50.csv", encoding: .utf8).split(
          separator: "\n")
        #expect(matrix[0] == "class;beagle;boxer;wheaten_terrier" && matrix.count == 4)
        #expect(matrix[2] == "boxer;\(rows[1][5]);;\(rows[3][5])")
      }
    }
  }

  /// The form of the other application, and rows that a file names.
  @Test func positionalFormAndSplitFile() throws {
    try withFeatures { features in
      try withTemporaryDirectory { out in
        let list = (1...10).flatMap { ["0.25,beagle_\($0).jpg", "0.25,boxer_\($0).jpg"] }
        try Data(list.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: "\(out)/split.csv"))
        let program = try Program.run(
          ["svm", features, "beagle", "boxer", "--split-file", "\(out)/split.csv", "--out", "\(out)/r"])
        #expect(program.exitCode == 0, "\(program.errors)")
        #expect(try results("\(out)/r")[1][6...7] == ["20", "60"])
        let none = try Program.run([
          "svm", features, "beagle", "None", "--splits", "0.5", "--out", "\(out)/n",
        ])
        #expect(none.exitCode == 0 && none.output.contains("class2: \"All\", nb rows=80"), "\(none.errors)")
      }
    }
  }

  /// A file that cannot be read is named and left out.
  @Test func badFilesAreNamed() throws {
    try withFeatures { features in
      try Data("[1, 2".utf8).write(to: URL(fileURLWithPath: "\(features)/boxer_41.jpg.json"))
      try withTemporaryDirectory { out in
        let program = try Program.run(["svm", features, "beagle", "vs", "boxer", "--out", out])
        #expect(program.exitCode == 0 && program.output.contains("nb rows=40"))
        #expect(
          program.output.contains("warning: left out: \(features)/boxer_41.jpg.json: expected a JSON array"))
      }
    }
  }

  @Test(arguments: [
    (["svm"], 2, "svm: expected a directory of features, found nothing"),
    (["svm", "d"], 2, "svm: expected classes, such as: beagle vs boxer, or --all-pairs, found nothing"),
    (["svm", "d", "a", "vs"], 2, "svm: expected classes as A vs B, or A vs All, found \"a vs\""),
    (["svm", "d", "a", "b"], 1, "d: expected a directory that can be listed"),
    (["svm", "d", "a", "b", "c"], 2, "svm: expected classes as A vs B, or A vs All, found \"a b c\""),
    (["svm", "d", "a", "vs", "a"], 2, "svm: expected two classes, found a twice"),
    (["svm", "d", "a", "vs", "b", "--all-pairs"], 2, "svm: expected no classes with --all-pairs, found a"),
    (["svm", "d", "a", "b", "--splits", "0.5,2"], 2, "--splits: expected shares above 0 and up to 1"),
  ])
  func wrongArgumentsAreOneLine(_ arguments: [String], _ exitCode: Int32, _ expected: String) throws {
    let program = try Program.run(arguments)
    #expect(program.exitCode == exitCode && program.output.isEmpty, "\(program.exitCode) \(program.output)")
    #expect(program.errors.contains(expected), "\(program.errors)")
    #expect(program.errors.split(separator: "\n").count == 1)
  }

  @Test func aClassThatIsNotThereIsNamed() throws {
    try withFeatures { features in
      let program = try Program.run(["svm", features, "beagle", "vs", "poodle"])
      #expect(program.exitCode == 1)
      #expect(
        program.errors.contains(
          "expected files of the class poodle, such as poodle_1.jpg.json, found none; there are"))
    }
  }
}
