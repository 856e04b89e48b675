import Foundation
import TestSupport
import Testing

/// What `cnn-mpi doctor` says of ranks that differ from one another, that do not fit onto their cores, or that
/// do not answer.
@Suite(.serialized) struct DoctorRanksTests {
  @Test func dataAreCompared() throws {
    try withData { directory in
      let options = ["doctor", "--json", "--out", directory, "--data"]
      let same = try Program.run(options + [directory], ranks: 2)
      #expect(same.exitCode == 0, "\(same.output)")
      let row = try DoctorReport(same).rows("data").last ?? [:]
      #expect(
        row["train_images"] as? Int == 4 && row["test_images"] as? Int == 2 && row["train_hash"] is String)

      try withData { other in
        let images = URL(fileURLWithPath: "\(other)/t10k-images-idx3-ubyte")
        var bytes = try Data(contentsOf: images)
        bytes[100] ^= 1
        try bytes.write(to: images)
      } _: { other in
        let program = [Program.path] + options
        let mixed = try Program.runTogether([program + [directory], program + [directory], program + [other]])
        #expect(mixed.exitCode == 1)
        let texts = try DoctorReport(mixed).problems("data", "error")
        #expect(
          texts.count == 1 && texts[0].hasPrefix("rank 2 ") && texts[0].contains("has other images"),
          "\(texts)")
      }
    }
  }

  /// The ranks that have the data wait for the one that has not: nobody hangs, all learn who.
  @Test func dataThatOneRankLacksAreNamed() throws {
    try withData { directory in
      let program = [Program.path, "doctor", "--json", "--out", directory, "--data"]
      for lacking in 0..<2 {
        let result = try Program.runTogether(
          (0..<2).map { program + [$0 == lacking ? "\(directory)/missing" : directory] })
        #expect(result.exitCode == 1 && result.errorLines.count == 1, "\(result.errors)")
        let texts = try DoctorReport(result).problems("data", "error")
        #expect(texts.count == 1 && texts[0].hasPrefix("rank \(lacking) ("), "\(texts)")
        #expect(
          texts[0].contains("expected a directory or file of data, found \"No such file or directory\""))
      }
    }
  }

  @Test func aFileThatDoesNotAnswerIsGivenUp() throws {
    try withTemporaryDirectory { directory in
      let environment = try SlowFiles.environment(in: directory)
      try withData { data in
        let slow = "\(directory)/\(SlowFiles.mark)"
        try FileManager.default.createSymbolicLink(atPath: slow, withDestinationPath: data)
        let program = try Program.run(
          ["doctor", "--data", slow, "--out", data, "--timeout", "2"], ranks: 2, environment: environment,
          seconds: 60)
        #expect(program.exitCode == 1 && program.output.isEmpty, "\(program.output)")
        #expect(
          program.errorLines.contains {
            $0.hasPrefix("[rank ") && $0.contains("\(slow) has not answered for 2 s")
          }, "\(program.errors)")
      }
    }
  }

  @Test func anotherBinaryIsNamed() throws {
    try withTemporaryDirectory { directory in
      let other = try Program.anotherBinary(in: directory)
      let options = ["doctor", "--json", "--out", directory]
      let program = try Program.runTogether([[Program.path] + options, [other] + options])
      #expect(program.exitCode == 1)
      let report = try DoctorReport(program)
      #expect(report["verdict"] as? String != nil && report["ready"] as? Bool == false)
      let texts = report.problems("program", "error")
      #expect(
        texts.count == 1 && texts[0].contains(" runs another binary than ") && texts[0].contains(other),
        "\(texts)")
      // Really different builds may not understand each other further.
      #expect((report["checks"] as? DoctorReport.Object)?.keys.sorted() == ["program"])
      #expect((report["verdict"] as? String)?.hasSuffix("; nothing else was looked at") == true)
      let hashes = report.rows("program").compactMap { $0["sha256"] as? String }
      #expect(
        try hashes == [Program.words("sha256sum \(Program.path)")[0], Program.words("sha256sum \(other)")[0]])
    }
  }

  /// A rank in a UTS namespace of its own takes its host for another one.
  @Test(.enabled(if: canRename, "no permission for `unshare --uts`"))
  func hostsAreToldApart() throws {
    let options = ["doctor", "--json", "--out", "run"]
    let renamed = [
      "unshare", "--uts", "sh", "-c",
      "hostname other && exec \(Program.path) \(options.joined(separator: " "))",
    ]
    let program = try Program.runTogether([[Program.path] + options, renamed])
    let report = try DoctorReport(program)
    #expect(program.exitCode == 0 && (report["hosts"] as? [String])?.last == "other", "\(program.errors)")
    let clocks = report.check("clocks")["clocks"] as? [DoctorReport.Object] ?? []
    #expect(clocks.count == 1 && clocks[0]["host"] as? String == "other")
    let (ahead, uncertainty) = (
      clocks[0]["ahead_seconds"] as? Double ?? 9, clocks[0]["uncertainty_seconds"] as? Double ?? 0
    )
    #expect(abs(ahead) <= uncertainty + 1e-6 && uncertainty < 1, "\(ahead) +- \(uncertainty)")
    #expect((report.check("neighbours")["facts"] as? String)?.hasPrefix("between hosts ") == true)
    #expect((report.check("run_directory")["facts"] as? String)?.hasSuffix(", on all hosts") == true)
  }

  private static let canRename =
    (try? RunningProgram(["unshare", "--uts", "hostname", "other"], seconds: 10).wait().exitCode) == 0

  /// One rank by a slower kernel.
  @Test func mixedKernelsAreNamed() throws {
    let program = [Program.path, "doctor", "--json", "--out", "run"]
    let mixed = try Program.runTogether([
      ["env", "OPENBLAS_CORETYPE=Haswell"] + program, ["env", "OPENBLAS_CORETYPE=Sandybridge"] + program,
    ])
    let texts = try DoctorReport(mixed).problems("blas", "warning")
    #expect(mixed.exitCode == 0)
    #expect(
      texts.contains { $0.hasPrefix("OpenBLAS runs different kernels: Haswell on rank 0 ") }, "\(texts)")
  }

  @Test func unboundRanksAreNamed() throws {
    let cores = try Int(Program.words("getconf _NPROCESSORS_ONLN")[0]) ?? 1
    let program = try RunningProgram(
      [
        "mpirun", "--bind-to", "none", "-np", "2", Program.path, "doctor", "--json", "--out",
        "run",
      ],
      seconds: 60
    ).wait()
    let texts = try DoctorReport(program).problems("placement", "warning")
    #expect(program.exitCode == 0 && texts.count == 1)
    #expect(texts[0].contains(cores < 2 ? "oversubscribed" : "2 ranks are not bound"), "\(texts)")
  }

  /// Each has a core of its own: that is not enough for the threads that it is to have.
  @Test func threadsCount() throws {
    let cores = try Int(Program.words("getconf _NPROCESSORS_ONLN")[0]) ?? 1
    let program = try RunningProgram(
      [
        "mpirun", "--bind-to", "core", "-np", "1", Program.path, "doctor", "--json", "--threads",
        "\(8 * cores)", "--out", "run",
      ], seconds: 60
    ).wait()
    let texts = try DoctorReport(program).problems("placement", "warning")
    #expect(
      program.exitCode == 0 && texts.count == 1
        && texts[0].contains("1 rank of \(8 * cores) threads has 1 core"), "\(texts) \(program.errors)")
  }

  /// The other would wait for it for ever. A file that never opens holds it up until it is stopped.
  @Test func aStoppedRankEndsIt() throws {
    try withTemporaryDirectory { directory in
      let environment = try SlowFiles.environment(in: directory)
      let rank = 1
      let slow = "\(directory)/\(SlowFiles.mark)"
      try FileManager.default.createDirectory(atPath: slow, withIntermediateDirectories: true)
      for name in ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"] {
        try Data([0]).write(to: URL(fileURLWithPath: "\(slow)/\(name)"))
      }
      let program = [Program.path, "doctor", "--timeout", "4", "--out", directory, "--data"]
      let contexts = (0..<2).map { ["-np", "1"] + program + [$0 == rank ? slow : "synthetic"] }
      let command = (["mpirun"] + contexts.joined(separator: [":"])).joined(separator: " ")
      let file = "\(directory)/errors"
      let running = try RunningProgram(
        ["sh", "-c", "exec \(command) 2> \(file)"], environment, seconds: 120)
      func errors() -> String { (try? String(contentsOfFile: file, encoding: .utf8)) ?? "" }
      while running.isRunning, !errors().contains("no rank got further for 2 s") { usleep(10_000) }
      let ids = running.rankIDs
      try #require(ids.count == 2, "\(errors())")
      let stopTime = ContinuousClock.now
      kill(ids[rank], SIGSTOP)
      let exitCode = running.wait().exitCode
      // The limit is 9 s; the ranks, MPI and its launcher have to end, too.
      #expect(exitCode != 0 && ContinuousClock.now - stopTime < .seconds(9 + 4 + 15))
      let said =
        errors().split(separator: "\n").first { $0.contains("which is the limit") } ?? ""
      #expect(said.contains("no word from rank \(rank) on ") && !said.contains("--resume"), "\(errors())")
      #expect(said.hasSuffix("Step 10 of doctor looks at: data"), "\(errors())")
    }
  }
}
