import Foundation
import TestSupport
import Testing

/// Nothing waits for data for ever: not for what is no file, and not for a file system that does not answer.
@Suite(.serialized) struct DataWaitTests {
  /// Runs the program and sees it fail within seconds, with one line that has these words.
  private func expectFailure(
    _ arguments: [String], ranks: Int? = nil, environment: [String: String] = [:], _ expected: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let start = ContinuousClock.now
    let program = try Program.run(arguments, ranks: ranks, environment: environment, seconds: 40)
    #expect(ContinuousClock.now - start < .seconds(20), sourceLocation: sourceLocation)
    #expect(program.exitCode == 1, "\(program.errors)", sourceLocation: sourceLocation)
    let lines = program.errorLines.filter { $0.contains(expected) }
    #expect(lines.count == 1, "\(expected) in \(program.errors)", sourceLocation: sourceLocation)
  }

  /// A short run's directory.
  private func withModel(_ body: (String) throws -> Void) throws {
    try withTemporaryDirectory { out in
      let program = try Program.run([
        "--train-samples", "64", "--test-samples", "32", "--epochs", "1", "--threads", "1",
        "--records", "csv", "--out", out,
      ])
      #expect(program.exitCode == 0, "\(program.errors)")
      try body(out)
    }
  }

  @Test func whatIsNoFileIsNamed() throws {
    try withModel { model in
      let pipe = "\(model)/pipe"
      #expect(mkfifo(pipe, 0o600) == 0)
      let commands = [
        ["train", "--data"], ["evaluate", "--model", model, "--data"], ["data", "check"], ["data", "stats"],
      ]
      for command in commands {
        try expectFailure(
          command + [pipe], "\(pipe): expected a directory or file of data, found a named pipe; what comes")
      }
      try expectFailure(
        commands[0] + ["/dev/zero"], ranks: 2,
        "/dev/zero: expected a directory or file of data, found a device")
      try expectFailure(
        ["predict", "--model", model, pipe], "\(pipe): expected a readable image, found a named pipe")
      try expectFailure(["evaluate", "--model", pipe], "\(pipe)")
    }
  }

  @Test func filesThatNeverAnswerEndTheProgram() throws {
    try withModel { model in
      let environment = try SlowFiles.environment(in: model)
      let data = "\(model)/data"
      for name in ["cat/1.png", "cat/\(SlowFiles.mark).png", "dog/1.png", "dog/2.png"] {
        let path = "\(data)/\(name)"
        try FileManager.default.createDirectory(
          atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(smallPNG).write(to: URL(fileURLWithPath: path))
      }
      let path = "\(data)/cat/\(SlowFiles.mark).png"
      let expected =
        "\(path): expected an answer of its file system within 1 s, found none; is its server there?"
      for command in [
        ["data", "check", data], ["data", "pack", data, "\(model)/pack", "--format", "jpeg"],
        ["evaluate", "--model", model, "--data", data, "--part", "train"],
        ["predict", "--model", model, data],
        ["train", "--data", data, "--validation-split", "0.5", "--out", "\(model)/run"],
      ] {
        let ranks = command[0] == "train" ? 2 : nil
        try expectFailure(command + ["--timeout", "1"], ranks: ranks, environment: environment, expected)
      }
    }
  }
}
