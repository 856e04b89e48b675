import Files
import Foundation
import Reporting
import TestSupport
import Testing

@Suite struct FormatTests {
  @Test func numbers() {
    #expect(grouped(1_234_567) == "1,234,567" && grouped(999) == "999" && grouped(-1000) == "-1,000")
    #expect(grouped(Double.infinity) == "inf" && grouped(0.6) == "1")
    #expect(percent(0.97125) == "97.12 %" && decimal(0.12346, 4) == "0.1235")
    #expect(shortest(0.04) == "0.04" && shortest(1e-6) == "1e-06" && shortest(1) == "1")
  }

  @Test func durations() {
    #expect(clock(0) == "0 s" && clock(59.4) == "59 s" && clock(60) == "1:00" && clock(3723) == "1:02:03")
    #expect(clock(.nan) == "?" && clock(-1) == "?")
  }

  @Test func tableAlignsItsSecondColumn() {
    #expect(table([("a", "1"), ("long", "2")]) == "  a     1\n  long  2")
  }
}

@Suite struct TableTests {
  @Test func columnsAreAligned() {
    #expect(
      columns(["name", "n"], [["a", "10,000"], ["longer", "7"]]) == """
          name         n
          a       10,000
          longer       7
        """)
  }

  @Test func jsonHasSortedKeysInSnakeCase() throws {
    struct Value: Encodable {
      let imagesPerSecond = 1.5
      let batchSize = 2
      let nothing: Int? = nil
      let loss = Double.nan
    }
    #expect(
      String(decoding: try prettyJSON(Value()), as: UTF8.self) == """
        {
          "batch_size" : 2,
          "images_per_second" : 1.5,
          "loss" : "nan"
        }

        """)
  }
}

@Suite struct ProgressTests {
  static let progress = StepProgress(
    epoch: 2, epochs: 5, step: 117, steps: 469, loss: 0.12344, accuracy: 0.9712, imagesPerSecond: 8123,
    secondsLeft: 75)

  @Test func lineForALogFile() {
    #expect(
      Self.progress.line
        == "epoch 2/5  step 117/469  loss 0.1234  accuracy 97.12 %  8,123 images/s  1:15 left")
  }

  @Test func theLineForALogFileEndsWithTheShares() {
    var progress = Self.progress
    progress.shares = TimeShares(compute: 0.9, communication: 0.08, data: 0.02)
    #expect(
      progress.line
        == Self.progress.line + "  compute 90.00 %, communication not hidden 8.00 %, data 2.00 %")
  }

  @Test func barFillsTheTerminal() {
    for width in [40, 60, 80, 90, 100, 120, 200] {
      let bar = Self.progress.bar(width: width).plain
      #expect(bar.contains("1:15 left") && bar.contains("loss 0.1234") && bar.contains("97.12 %"))
      #expect(bar.contains("117/469") == (width >= 80), "\(bar)")
      #expect(bar.contains("accuracy") == (width >= 90) && bar.contains("━") == (width >= 60), "\(bar)")
      #expect(width < 60 || bar.count < width, "\(bar.count) in \(width)")
    }
    let bar = Self.progress.bar(width: 200).plain
    #expect(bar.count { $0 == "━" } == 9 && bar.count { $0 == "╌" } == 31)
  }

  @Test func sharesAreShownWhereThereIsRoom() {
    var progress = Self.progress
    progress.shares = TimeShares(compute: 0.9, communication: 0.08, data: 0.02)
    #expect(progress.bar(width: 140).plain.hasSuffix("  compute 90 %, reduce 8 %, data 2 %"))
    #expect(progress.bar(width: 100).plain == Self.progress.bar(width: 100).plain)
  }
}

@Suite struct StyledTextTests {
  private static let text: StyledText = "a " + StyledText("bold", .bold) + " end"

  @Test func stylesAreForTerminals() {
    #expect(Self.text.plain == "a bold end" && Self.text.count == 10)
    #expect(Self.text.colored == "a \u{1B}[1mbold\u{1B}[0m end")
  }

  @Test func cuttingCountsWhatIsSeen() {
    #expect(Self.text.prefix(4).colored == "a \u{1B}[1mbo\u{1B}[0m")
    #expect(Self.text.prefix(0).colored.isEmpty && Self.text.prefix(99).plain == Self.text.plain)
  }
}

@Suite struct MetricsCSVTests {
  @Test func hasTheColumnsOfTheContract() {
    let metrics = EpochMetrics(
      epoch: 1, trainLoss: 0.5, trainAccuracy: 0.75, testLoss: 0.1, testAccuracy: 0.99, learningRate: 0.01,
      imagesPerSecond: 8000, seconds: 7.5)
    #expect(
      metricsCSV([metrics]) == """
        epoch,train_loss,train_accuracy,test_loss,test_accuracy,learning_rate,images_per_second,seconds
        1,0.5,0.75,0.1,0.99,0.01,8000.0,7.5

        """)
    #expect(metricsCSV([]).split(separator: "\n").count == 1)
  }

  @Test func validationComesLastWhereThereIsOne() {
    let metrics = EpochMetrics(
      epoch: 1, trainLoss: 0.5, trainAccuracy: 0.75, testLoss: 0.1, testAccuracy: 0.99, learningRate: 0.01,
      imagesPerSecond: 8000, seconds: 7.5, validationLoss: 0.2, validationAccuracy: 0.875)
    let lines = metricsCSV([metrics]).split(separator: "\n")
    #expect(lines[0].hasSuffix(",images_per_second,seconds,validation_loss,validation_accuracy"))
    #expect(lines[1].hasSuffix(",8000.0,7.5,0.2,0.875"))
  }
}

@Suite struct OutputTests {
  @Test func runDirectoriesAreMadeWithTheirParents() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/a/b/c"
      let first = try RunDirectory(path + "/")
      #expect(first.path == path && first.file("x") == "\(path)/x")
      #expect(try RunDirectory(path).path == path)
    }
  }

  @Test func impossibleRunDirectoriesAreSaid() throws {
    let error = #expect(throws: OutputError.self) { try RunDirectory("/dev/null/run") }
    #expect(
      error?.description == "/dev/null/run: expected a directory that can be made, found \"Not a directory\"")
    #expect(throws: OutputError.self) { try RunDirectory("/proc/run") }
    try withTemporaryDirectory { directory in
      let file = "\(directory)/file"
      try writeAtomically([], to: file)
      #expect(throws: OutputError.self) { try RunDirectory(file) }
    }
  }
}
