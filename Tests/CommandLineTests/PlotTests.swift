import Foundation
import TestSupport
import Testing

@Suite struct PlotTests {
  private static let rows = """
    epoch,train_loss,train_accuracy,test_loss,test_accuracy
    1,0.5,0.75,0.25,0.875
    2,0.25,0.875,0.125,0.9375

    """

  /// Calls `body` with a directory of runs `a` and `b`.
  private func withRuns(_ body: (_ directory: String) throws -> Void) throws {
    try withTemporaryDirectory { directory in
      for run in ["a", "b"] {
        try FileManager.default.createDirectory(
          atPath: "\(directory)/\(run)", withIntermediateDirectories: false)
        try Data(Self.rows.utf8).write(to: URL(fileURLWithPath: "\(directory)/\(run)/metrics.csv"))
      }
      try body(directory)
    }
  }

  private func files(_ directory: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
  }

  @Test(.enabled(if: hasGnuplot, Comment(rawValue: gnuplotHint)))
  func oneRunIsDrawnInItsDirectory() throws {
    try withRuns { directory in
      let program = try Program.run(["plot", "a/"], in: directory)
      #expect(program.exitCode == 0 && program.errors.isEmpty, "\(program.errors)")
      #expect(program.output == "a/training_metrics.png\na/training_metrics.svg\n")
      #expect(
        try files("\(directory)/a") == ["metrics.csv", "training_metrics.png", "training_metrics.svg"])
    }
  }

  @Test(.enabled(if: hasGnuplot, Comment(rawValue: gnuplotHint)), arguments: [nil, 2])
  func severalRunsAreCompared(ranks: Int?) throws {
    try withRuns { directory in
      let program = try Program.run(["plot", "a", "b"], ranks: ranks, in: directory)
      #expect(program.exitCode == 0, "\(program.errors)")
      #expect(program.output == "comparison.png\ncomparison.svg\n")
      #expect(try files(directory) == ["a", "b", "comparison.png", "comparison.svg"])
    }
  }

  @Test(.enabled(if: hasGnuplot, Comment(rawValue: gnuplotHint)))
  func theFileCanBeNamed() throws {
    try withRuns { directory in
      let program = try Program.run(["plot", "--out=my.svg", "a", "b"], in: directory)
      #expect(program.exitCode == 0, "\(program.errors)")
      #expect(try files(directory) == ["a", "b", "my.svg"] && files("\(directory)/a") == ["metrics.csv"])
    }
  }

  @Test func wrongRunsAreSaid() throws {
    try withRuns { directory in
      try Data((Self.rows + "3,0.1,x,0.1,0.9\n").utf8)
        .write(to: URL(fileURLWithPath: "\(directory)/b/metrics.csv"))
      for (arguments, expected) in [
        (
          ["a", "missing"],
          "missing/metrics.csv: expected a file with a row an epoch, found \"No such file or directory\""
        ),
        (["a", "b"], "b/metrics.csv, line 4, column train_accuracy: expected a number, found \"x\""),
      ] {
        let program = try Program.run(["plot"] + arguments, in: directory)
        #expect(program.exitCode == 1 && program.errorLines == ["cnn-mpi: error: \(expected)"])
        #expect(program.output.isEmpty)
      }
      #expect(try files(directory) == ["a", "b"])
    }
  }

  /// An environment whose PATH is a directory that is not there; MPI does not look for ssh there.
  private func withoutPrograms(_ directory: String) -> [String: String] {
    ["PATH": "\(directory)/programs", "OMPI_MCA_plm": "isolated"]
  }

  @Test func aRunIsDoneWithoutGnuplot() throws {
    try withTemporaryDirectory { directory in
      let program = try Program.run(
        ["--epochs", "1", "--train-samples", "64", "--test-samples", "10", "--quiet", "--out", directory],
        environment: withoutPrograms(directory))
      #expect(program.exitCode == 0, "\(program.errors)")
      let warnings = program.output.split(separator: "\n").filter { $0.contains("gnuplot") }
      #expect(warnings.count == 1 && warnings[0].hasPrefix("warning: "), "\(program.output)")
      #expect(warnings.allSatisfy { $0.hasSuffix("to install it: apt install gnuplot-nox") })
    }
  }

  @Test func aRunIsDoneThoughGnuplotFails() throws {
    try withTemporaryDirectory { directory in
      let gnuplot = "\(directory)/gnuplot"
      try Data("#!/bin/sh\necho no fonts here >&2\nexit 3\n".utf8).write(to: URL(fileURLWithPath: gnuplot))
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: gnuplot)
      let program = try Program.run(
        ["--epochs", "1", "--train-samples", "64", "--test-samples", "10", "--out", "\(directory)/run"],
        environment: ["PATH": directory, "OMPI_MCA_plm": "isolated"])
      #expect(program.exitCode == 0, "\(program.errors)")
      #expect(
        program.output.contains(#"warning: gnuplot: expected a picture, found "no fonts here", status 3"#))
    }
  }

  @Test func withoutGnuplotItSaysHowToGetIt() throws {
    try withRuns { directory in
      let program = try Program.run(["plot", "a"], environment: withoutPrograms(directory), in: directory)
      #expect(program.exitCode == 1 && program.errorLines.count == 1, "\(program.errors)")
      #expect(program.errors.contains("to install it: apt install gnuplot-nox"), "\(program.errors)")
      #expect(try files("\(directory)/a") == ["metrics.csv"])
    }
  }
}
