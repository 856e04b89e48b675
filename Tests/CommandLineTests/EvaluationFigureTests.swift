import Foundation
import TestSupport
import Testing

/// `evaluate --figures`.
@Suite struct EvaluationFigureTests {
  /// Calls `body` with a directory that holds a run of a moment on synthetic digits, `run`.
  private func withRun(_ body: (_ directory: String) throws -> Void) throws {
    try withTemporaryDirectory { directory in
      let program = try Program.run(
        [
          "--train-samples", "600", "--test-samples", "100", "--epochs", "1", "--threads", "1", "--records",
          "csv",
          "--out", "run",
        ], in: directory)
      try #require(program.exitCode == 0, "\(program.errors)")
      try body(directory)
    }
  }

  private let evaluation = ["evaluate", "--model", "run", "--samples", "200", "--threads", "1"]

  private func files(_ directory: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
  }

  private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

  @Test(.enabled(if: hasGnuplot, Comment(rawValue: gnuplotHint)))
  func theFiguresAreTheSameOnAnyNumberOfRanks() throws {
    try withRun { directory in
      let names = ["confusion.png", "confusion.svg", "mistakes.png"]
      for (ranks, out) in [(nil, "one"), (2, "new/two/"), (3, "three")] as [(Int?, String)] {
        let program = try Program.run(evaluation + ["--figures", out], ranks: ranks, in: directory)
        #expect(program.exitCode == 0 && program.errors.isEmpty, "\(program.errors)")
        let path = out.hasSuffix("/") ? String(out.dropLast()) : out
        let paths = names.map { "\(path)/\($0)" }.joined(separator: ", ")
        #expect(program.output.hasSuffix("\n\n  figures  \(paths)\n"), "\(program.output)")
        #expect(try files("\(directory)/\(out)") == names)
        for name in names {
          #expect(
            try bytes("\(directory)/\(out)/\(name)") == bytes("\(directory)/one/\(name)"), "\(out)/\(name)")
        }
      }
      let svg = String(decoding: try bytes("\(directory)/one/confusion.svg"), as: UTF8.self)
      #expect(svg.contains("mnist-cnn on synthetic, test part: ") && svg.contains("of 200 right"))
    }
  }

  @Test func withoutGnuplotTheScriptsAreWritten() throws {
    try withRun { directory in
      let program = try Program.run(
        evaluation + ["--json", "--figures", "figures", "--mistakes", "3"],
        environment: ["PATH": "\(directory)/programs", "OMPI_MCA_plm": "isolated"], in: directory)
      #expect(program.exitCode == 0, "\(program.errors)")
      #expect(try files("\(directory)/figures") == ["confusion.gp", "mistakes.gp"])
      #expect(
        program.errorLines.map { $0.contains("apt install gnuplot-nox; then gnuplot figures/") } == [
          true, true,
        ],
        "\(program.errors)")
      // JSON alone, which a program reads.
      #expect(try JSONSerialization.jsonObject(with: Data(program.output.utf8)) is [String: Any])
      let script = String(decoding: try bytes("\(directory)/figures/mistakes.gp"), as: UTF8.self)
      #expect(script.components(separatedBy: "array=(28,28)").count == 4)
      #expect(script.contains("the worst 3 of "))
    }
  }

  /// The report is out before the figures are drawn.
  @Test func aFailureLeavesTheReport() throws {
    try withRun { directory in
      let gnuplot = "\(directory)/gnuplot"
      try Data("#!/bin/sh\necho no fonts here >&2\nexit 3\n".utf8).write(to: URL(fileURLWithPath: gnuplot))
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: gnuplot)
      let program = try Program.run(
        evaluation + ["--figures", "figures"], environment: ["PATH": directory, "OMPI_MCA_plm": "isolated"],
        in: directory)
      #expect(program.exitCode == 1 && program.output.contains("precision"))
      #expect(
        program.errorLines
          == [#"cnn-mpi: error: gnuplot: expected a picture, found "no fonts here", status 3"#])
    }
  }

  @Test func aDirectoryThatCannotBeMadeIsSaidFirst() throws {
    try withRun { directory in
      let program = try Program.run(evaluation + ["--figures", "run/run.json/a"], ranks: 2, in: directory)
      #expect(program.exitCode == 1 && program.output.isEmpty)
      #expect(
        program.errorLines.count == 1 && program.errors.contains("Not a directory"), "\(program.errors)")
    }
  }
}
