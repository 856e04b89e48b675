import Files
import Foundation
import Reporting
import TestSupport
import Testing

private let header = "epoch,train_loss,train_accuracy,test_loss,test_accuracy\n"

private func withRun(_ rows: String, _ body: (_ directory: String) throws -> Void) throws {
  try withTemporaryDirectory { directory in
    try writeAtomically(Array(rows.utf8), to: "\(directory)/metrics.csv")
    try body(directory)
  }
}

@Suite struct MetricsTableTests {
  @Test func columnsAreFoundByTheirNames() throws {
    try withRun(
      "test_loss,more,epoch,train_loss,train_accuracy,test_accuracy\n3,9,1,nan,5,6\ninf,9,2,4,5,7\n"
    ) {
      let table = try MetricsTable(path: "\($0)/metrics.csv")
      #expect(table["epoch"] == [1, 2] && table["test_accuracy"] == [6, 7] && table["more"] == [9, 9])
      #expect(table["train_loss"][0].isNaN && table["test_loss"] == [3, .infinity])
      #expect(table["validation_loss"].isEmpty)
    }
  }

  @Test func whatTheProgramWritesIsRead() throws {
    let metrics = EpochMetrics(
      epoch: 1, trainLoss: 0.1, trainAccuracy: 1 / 3, testLoss: 5e-05, testAccuracy: 0.99, learningRate: 0.01,
      imagesPerSecond: 8000, seconds: 7.5)
    try withRun(metricsCSV([metrics])) {
      let table = try MetricsTable(path: "\($0)/metrics.csv")
      for column in metrics.columns { #expect(table[column.name] == [column.value]) }
    }
  }

  @Test(arguments: [
    (header + "1,2,3,4\n", "line 2: expected 5 values, found 4"),
    (header + "1,2,3,4,5\n2,2,x y,4,5\n", "line 3, column train_accuracy: expected a number, found \"x y\""),
    (header + "1,2,,4,5\n", "line 2, column train_accuracy: expected a number, found \"\""),
    (header, "line 2: expected a row an epoch, found none"),
    ("", "line 1: expected a column epoch, found \"\""),
    ("epoch,loss\n1,2\n", "line 1: expected a column train_loss, found \"epoch,loss\""),
  ])
  func wrongFilesAreSaid(_ text: String, _ expected: String) throws {
    try withRun(text) { directory in
      let path = "\(directory)/metrics.csv"
      let error = #expect(throws: MetricsFileError.self) { try MetricsTable(path: path) }
      #expect(error?.description == "\(path), \(expected)")
    }
  }

  @Test func aMissingFileIsSaid() throws {
    try withMissingPath { path in
      let error = #expect(throws: MetricsFileError.self) { try RunMetrics(directory: "\(path)/", title: nil) }
      #expect(
        error?.description
          == "\(path)/metrics.csv: expected a file with a row an epoch, found \"No such file or directory\"")
    }
  }
}

@Suite struct AxisTests {
  private func labels(_ axis: Axis) -> [String] { axis.ticks.map(\.label) }

  @Test func epochsAreWholeNumbers() {
    #expect(labels(.epochs(1, 1)) == ["1"] && Axis.epochs(1, 1).range == 0.5...1.5)
    #expect(labels(.epochs(1, 5)) == ["1", "2", "3", "4", "5"])
    #expect(labels(.epochs(1, 100)) == (1...10).map { "\($0)0" })
  }

  @Test func accuracyStaysWithinItsBounds() {
    #expect(Axis.accuracy([92.6, 99.8]).range == 92...100)
    #expect(Axis.accuracy([100, 100]).range.upperBound == 100)
    #expect(Axis.accuracy([0, 3]).range.lowerBound == 0 && labels(.accuracy([0, 60])).first == "0")
    for values in [[98.5], [0], [100], [.nan, 97.0]] {
      let axis = Axis.accuracy(values)
      #expect(axis.range.upperBound > axis.range.lowerBound && axis.ticks.count >= 2, "\(values)")
      #expect(values.allSatisfy { $0.isNaN || axis.range.contains($0) })
    }
  }

  @Test func lossIsLogarithmicWhereItFallsFar() {
    let far = Axis.loss([0.23, 0.007, .infinity])
    #expect(far.isLogarithmic && labels(far) == ["0.01", "0.02", "0.05", "0.1", "0.2"])
    let near = Axis.loss([0.5, 0.3])
    #expect(!near.isLogarithmic && near.range.contains(0.3) && near.range.contains(0.5))
    #expect(!Axis.loss([0, 1]).isLogarithmic && labels(.loss([0, 1])).first == "0")
    #expect(Axis.loss([1e-12, 1e12]).ticks.count < 10)
    #expect(Axis.loss([.nan]).ticks.isEmpty && Axis.loss([]).ticks.isEmpty)
  }
}

@Suite struct GnuplotTests {
  /// The first bytes of a PNG file, its width and its height.
  private func size(ofPNG path: String) throws -> [Int] {
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    #expect(bytes.prefix(8) == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
    return [16, 20].map { bytes[$0..<$0 + 4].reduce(0) { $0 << 8 | Int($1) } }
  }

  @Test(
    .enabled(if: hasGnuplot, Comment(rawValue: gnuplotHint)),
    arguments: [
      "1,0.5,0.7,0.4,0.8\n", "1,0.5,0.7,0.4,0.8\n2,nan,nan,inf,0.1\n3,0.3,0.9,0.2,0.9\n",
      "1,nan,nan,-inf,nan\n", (1...100).map { "\($0),\(2.0 / Double($0)),0.\($0 + 100),0.3,0.9\n" }.joined(),
    ])
  func runsAreDrawn(_ rows: String) throws {
    try withRun(header + rows) { directory in
      let run = try RunMetrics(directory: directory, title: nil)
      for format in FigureFormat.allCases {
        try TrainingFigure.draw(run, format, to: "\(directory)/\(TrainingFigure.name(format))")
        try ComparisonFigure.draw(
          [run, run, run], format, to: "\(directory)/\(ComparisonFigure.name(format))")
      }
      #expect(try size(ofPNG: "\(directory)/training_metrics.png") == [1800, 830])
      #expect(try size(ofPNG: "\(directory)/comparison.png")[0] == 1800)
      let svg = try String(contentsOfFile: "\(directory)/training_metrics.svg", encoding: .utf8)
      for text in ["<svg", "</svg>", "accuracy (%)", "loss", "train", "test", "epoch"] {
        #expect(svg.contains(text), "\(text)")
      }
      #expect(svg.contains("no finite values") == rows.contains("-inf"))
    }
  }

  @Test(.enabled(if: hasGnuplot, Comment(rawValue: gnuplotHint)))
  func theTitleTellsTheRun() throws {
    try withRun(header + "1,1,0.5,1,0.75\n2,1,0.5,1,0.625\n") { directory in
      let path = "\(directory)/figure.svg"
      try TrainingFigure.draw(
        RunMetrics(directory: directory + "/", title: "it's_{odd}^ on 2 ranks"), .svg, to: path)
      let svg = try String(contentsOfFile: path, encoding: .utf8)
      let title = "_{odd}^ on 2 ranks: 62.50 % test accuracy after 2 epochs (best: 75.00 % after 1)"
      #expect(svg.contains(title))
    }
  }

  @Test(.enabled(if: hasGnuplot, Comment(rawValue: gnuplotHint)))
  func aFailureIsSaid() {
    let error = #expect(throws: FigureError.self) { try DrawingProgram.gnuplot.draw("set nonsense\n") }
    #expect(error?.description.contains("nrecognized option") == true, "\(error?.description ?? "")")
  }

  @Test func aMissingProgramIsSaid() throws {
    let error = try withMissingPath { path in
      #expect(throws: FigureError.self) { try DrawingProgram.gnuplot.running(path).draw("") }
    }
    #expect(error?.description.contains("apt install gnuplot-nox") == true)
  }

  @Test func aProgramThatHangsIsEnded() throws {
    try withTemporaryDirectory { directory in
      let program = "\(directory)/gnuplot"
      try Data("#!/bin/sh\nexec sleep 100\n".utf8).write(to: URL(fileURLWithPath: program))
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
      let start = ContinuousClock.now
      let error = #expect(throws: FigureError.self) {
        try DrawingProgram.gnuplot.running(program).draw("", timeLimit: 0.2)
      }
      #expect(ContinuousClock.now - start < .seconds(20))
      #expect(error?.description.contains("found none") == true)
    }
  }
}
