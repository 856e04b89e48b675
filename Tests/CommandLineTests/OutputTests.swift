import Foundation
import TestSupport
import Testing

/// Standard output that cannot be written: what is for reading fails, training goes on.
@Suite(.serialized) struct OutputTests {
  private static let training = "--train-samples 64 --test-samples 10 --epochs 1 --threads 1 --out"

  /// All but training: what they print is what they are for. They run in a directory with a `run`.
  private static let commands =
    [
      "--help", "--version", "bench step --help", "evaluate --model run --samples 10 --json",
      "predict --model run idx", "bench allreduce --repetitions 1", "doctor --out run",
      "doctor --json --out run", "scaling report .",
    ] + (hasGnuplot ? ["plot run"] : [])

  /// Runs a line of the shell in `directory`.
  private func shell(_ line: String, in directory: String) throws -> Program {
    try RunningProgram(["sh", "-c", line], [:], directory, seconds: 120).wait()
  }

  private func withRun(_ body: (_ directory: String) throws -> Void) throws {
    try withTemporaryDirectory { directory in
      let program = try shell("\(Program.path) \(Self.training) run --records csv", in: directory)
      #expect(program.exitCode == 0, "\(program.errors)")
      try Data([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 28, 0, 0, 0, 28] + [UInt8](repeating: 9, count: 784))
        .write(to: URL(fileURLWithPath: "\(directory)/idx"))
      try body(directory)
    }
  }

  @Test(arguments: [("> /dev/full", "No space left on device"), (">&-", "Bad file descriptor")])
  func lostOutputIsAFailure(_ end: String, _ problem: String) throws {
    try withRun { directory in
      for command in Self.commands {
        let program = try shell("\(Program.path) \(command) \(end)", in: directory)
        #expect(program.exitCode == 1, "\(command)")
        #expect(
          program.errors
            == "cnn-mpi: error: standard output: expected to write to it, found \"\(problem)\"\n",
          "\(command)")
      }
    }
  }

  /// Nobody reads any more, so nobody wants to know.
  @Test func aClosedPipeIsASilentFailure() throws {
    try withRun { directory in
      for command in Self.commands {
        let line = "{ sleep 0.2; \(Program.path) \(command); echo $? >&3; } 3>&2 2> errors | true"
        let program = try shell(line, in: directory)
        #expect(program.errors == "1\n", "\(command)")
        let said = try String(contentsOfFile: "\(directory)/errors", encoding: .utf8)
        #expect(said.isEmpty, "\(command): \(said)")
      }
    }
  }

  /// Under mpirun too, which ends a job of which it passes on something that nobody reads.
  @Test(arguments: [nil, 2])
  func trainingGoesOnBehindAClosedPipe(ranks: Int?) throws {
    try withTemporaryDirectory { directory in
      let launcher = ranks.map { "mpirun -np \($0) " } ?? ""
      for reader in ["true", "head -1"] {
        let command = "\(launcher)\(Program.path) \(Self.training) out --verbose"
        let program = try shell("{ sleep 0.2; \(command); echo $? >&2; } | \(reader)", in: directory)
        #expect(program.errors == "0\n", "\(reader): \(program.errors)")
        #expect(program.output.split(separator: "\n").count == (reader == "true" ? 0 : 1))
        let record = try RunFiles(directory: "\(directory)/out").record()
        #expect(record["status"] as? String == "completed", "\(reader)")
        try FileManager.default.removeItem(atPath: "\(directory)/out")
      }
    }
  }

  /// A run is not given up for what it says of itself; that something is lost is said once.
  @Test(arguments: [("> /dev/full", 1), (">&-", 1), (">&- 2>&- <&-", 0)])
  func trainingGoesOnWithoutOutput(_ end: String, _ lines: Int) throws {
    try withTemporaryDirectory { directory in
      let program = try shell("\(Program.path) \(Self.training) out --verbose \(end)", in: directory)
      #expect(program.exitCode == 0)
      #expect(program.errors.split(separator: "\n").count == lines, "\(program.errors)")
      #expect(program.errorLines.allSatisfy { $0.hasPrefix("cnn-mpi: warning: standard output: expected ") })
      #expect(try RunFiles(directory: "\(directory)/out").record()["status"] as? String == "completed")
    }
  }

  /// With its streams closed, what a run writes goes to its files and not to one of them.
  @Test func filesDoNotTakeTheStreamsPlaces() throws {
    try withTemporaryDirectory { directory in
      let command = "\(Program.path) \(Self.training)"
      let open = try shell("\(command) open", in: directory)
      let closed = try shell("\(command) closed >&- 2>&- <&-", in: directory)
      #expect(open.exitCode == 0 && closed.exitCode == 0)
      let (a, b) = (RunFiles(directory: "\(directory)/open"), RunFiles(directory: "\(directory)/closed"))
      #expect(try a.hash() == b.hash() && a.results() == b.results())
      let lines = try String(contentsOfFile: "\(b.directory)/metrics.jsonl", encoding: .utf8)
      #expect(lines.split(separator: "\n").allSatisfy { $0.hasPrefix("{") && $0.hasSuffix("}") }, "\(lines)")
    }
  }
}
