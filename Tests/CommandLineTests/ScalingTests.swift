import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct ScalingCommandTests {
  private static let small = ["--", "--train-samples", "512", "--test-samples", "64", "--batch-size", "32"]

  @Test(.enabled(if: hasGnuplot, Comment(rawValue: gnuplotHint)))
  func aStudyIsRunReportedAndGoneOnWith() throws {
    try withTemporaryDirectory { directory in
      let out = "\(directory)/study"
      func run(_ more: [String], _ training: [String] = []) throws -> Program {
        try Program.run(["scaling", "run", "--out", out] + more + Self.small + training)
      }
      let first = try run(["--ranks", "2,1", "--repeat", "1", "--label", "here"])
      #expect(first.exitCode == 0, "\(first.errors) \(first.output)")
      #expect(
        first.output.contains("1 rank, repeat 1 of 1: ") && first.output.contains("2 ranks, repeat 1 of 1: "))
      #expect(
        first.output.contains("here: weak scaling of mnist-cnn, 32 images a step and rank, 1 thread a rank"))
      let names = try FileManager.default.contentsOfDirectory(atPath: out).sorted()
      let files = ["csv", "html", "json", "png", "svg"].map { "scaling.\($0)" }
      let runs = ["weak-ranks-0001-repeat-1", "weak-ranks-0002-repeat-1"]
      #expect(names == (files + ["study.json", "weak-ranks-0002-repeat-1-allreduce.json"] + runs).sorted())
      for (ranks, name) in zip([1, 2], runs) {
        let record = try RunFiles(directory: "\(out)/\(name)").record()
        #expect(record["world_size"] as? Int == ranks && record["global_batch"] as? Int == 32 * ranks)
        #expect(record["threads"] as? Int == 1 && record["status"] as? String == "completed")
        let environment = record["environment"] as? [String: Any] ?? [:]
        #expect((environment["cores"] as? [String])?.count == ranks)
      }

      // Two more repeats: what is there stays.
      let started = try RunFiles(directory: "\(out)/\(runs[1])").record()["started"] as? String
      let second = try run(["--ranks", "1,2", "--repeat", "2"])
      #expect(second.exitCode == 0 && second.output.contains("2 of 4 runs are there already"))
      #expect(try RunFiles(directory: "\(out)/\(runs[1])").record()["started"] as? String == started)
      #expect(second.output.contains("here: weak scaling"), "the label stays")

      let other = try run(["--ranks", "1,2", "--repeat", "2"], ["--lr", "0.5"])
      #expect(other.exitCode == 1 && other.errorLines.count == 1)
      #expect(other.errors.contains("found one with --lr 0.01 where 0.5 is asked for"), "\(other.errors)")
      // As the report would not take it beside the others.
      let verbose = try run(["--ranks", "1,2", "--repeat", "2"], ["--verbose"])
      #expect(
        verbose.exitCode == 1 && verbose.errors.contains("found one with --verbose"), "\(verbose.errors)")

      let report = try Program.run(["scaling", "report", out, "--json", "--out", "\(directory)/report"])
      let value = try JSONSerialization.jsonObject(with: Data(report.output.utf8)) as? [String: Any]
      let study = try #require((value?["studies"] as? [[String: Any]])?.first)
      let points = study["points"] as? [[String: Any]] ?? []
      #expect(points.map { $0["ranks"] as? Int } == [1, 2])
      #expect(points.allSatisfy { ($0["runs"] as? [Any])?.count == 2 })
      #expect(try FileManager.default.contentsOfDirectory(atPath: "\(directory)/report").sorted() == files)
    }
  }

  @Test(.enabled(if: hasGnuplot, Comment(rawValue: gnuplotHint)))
  func aRankCountThatFailsIsShownAndTheOthersGoOn() throws {
    try withTemporaryDirectory { directory in
      // No image for the second rank: mpirun refuses the slots that the hostfile does not have.
      let hostfile = "\(directory)/hosts"
      try Data("localhost slots=1\n".utf8).write(to: URL(fileURLWithPath: hostfile))
      let program = try Program.run(
        ["scaling", "run", "--ranks", "1,2", "--repeat", "2", "--strong", "--hostfile", hostfile, "--out"]
          + ["\(directory)/study"] + Self.small,
        environment: ["OMPI_MCA_rmaps_base_oversubscribe": "0"])
      #expect(program.exitCode == 1)
      #expect(program.output.contains("warning: 2 ranks, repeat 1: training ended with exit code"))
      #expect(program.output.contains("slots"), "what mpirun said is missing: \(program.output)")
      #expect(program.output.contains("1 rank, repeat 2 of 2: "))
      #expect(program.errors.contains("1 job failed, on ranks 2; the same command with --out"))
      #expect(program.output.contains("strong scaling of mnist-cnn, 64 images a step"))
    }
  }

  /// A study is not given up for its figures; a report is an error without them, when all else is written.
  @Test func withoutGnuplotEverythingElseIsThere() throws {
    try withTemporaryDirectory { directory in
      // A PATH with mpirun alone.
      let programs = "\(directory)/programs"
      try FileManager.default.createDirectory(atPath: programs, withIntermediateDirectories: true)
      let path = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
      let mpirun = try #require(
        path.map { "\($0)/mpirun" }.first { FileManager.default.isExecutableFile(atPath: $0) })
      try FileManager.default.createSymbolicLink(
        atPath: "\(programs)/mpirun", withDestinationPath: mpirun)
      let environment = ["PATH": programs, "OMPI_MCA_plm": "isolated"]
      let out = "\(directory)/study"
      let run = try Program.run(
        ["scaling", "run", "--ranks", "1", "--repeat", "1", "--out", out] + Self.small,
        environment: environment)
      #expect(run.exitCode == 0, "\(run.errors)")
      #expect(run.output.contains("warning: expected the program gnuplot"), "\(run.output)")
      let report = try Program.run(["scaling", "report", out], environment: environment)
      #expect(report.exitCode == 1 && report.errorLines.count == 1)
      #expect(report.errors.contains("apt install gnuplot-nox"), "\(report.errors)")
      for name in ["csv", "json", "html"] {
        #expect(FileManager.default.fileExists(atPath: "\(out)/scaling.\(name)"), "\(name)")
      }
    }
  }

  @Test func dataThatIsNotThereIsShown() throws {
    try withTemporaryDirectory { directory in
      let program = try Program.run(
        ["scaling", "run", "--ranks", "1", "--out", directory, "--", "--data", "missing"])
      #expect(
        program.exitCode == 1 && program.output.contains("missing: expected a directory"), "\(program.output)"
      )
      #expect(program.errors.contains("1 job failed, on ranks 1"), "\(program.errors)")
    }
  }

  /// Shells and batch systems may start a program with SIGCHLD ignored, which would hide how jobs end.
  @Test func ignoredChildrenAreHeardOf() throws {
    try withTemporaryDirectory { directory in
      let command = [Program.path, "scaling", "run", "--ranks", "1", "--repeat", "1", "--out", directory]
      let ignoring = ["sh", "-c", "trap '' CHLD; exec \"$@\"", "sh"]
      let program = try RunningProgram(
        ignoring + command + ["--", "--data", "missing"], seconds: 120
      ).wait()
      #expect(program.exitCode == 1, "\(program.output) \(program.errors)")
      #expect(program.output.contains("training ended with exit code 1"), "\(program.output)")
    }
  }

  @Test(arguments: [SIGTERM, SIGINT])
  func aSignalEndsTheJobToo(_ number: Int32) throws {
    try withTemporaryDirectory { directory in
      let program = try Program.start(
        ["scaling", "run", "--ranks", "2", "--out", directory] + Self.small + ["--epochs", "100000"],
        ranks: nil)
      let metrics = "\(directory)/weak-ranks-0002-repeat-1/metrics.csv"
      let start = ContinuousClock.now
      func rows() -> Int {
        (try? String(contentsOfFile: metrics, encoding: .utf8))?.split(separator: "\n").count ?? 0
      }
      while rows() < 2, ContinuousClock.now - start < .seconds(60) { usleep(20_000) }
      #expect(rows() >= 2, "no epoch was done within a minute")
      kill(program.processID, number)
      let ended = program.wait()
      #expect(ended.exitCode == 75, "\(ended.output) \(ended.errors)")
      #expect(ended.errors.contains("stopped by a signal; the same command on \(directory) goes on"))
      #expect(ended.errors.contains("`cnn-mpi scaling report \(directory)` reports what is there"))
      #expect(processes(naming: directory).isEmpty)
    }
  }

  /// Processes, but for zombies, whose command line has `text` in it.
  private func processes(naming text: String) -> [String] {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return all.filter { process in
      Int(process) != nil
        && FileManager.default.contents(atPath: "/proc/\(process)/cmdline").map {
          String(decoding: $0, as: UTF8.self).contains(text)
        } == true
    }
  }

  @Test(arguments: [
    (["scaling"], "scaling: expected one of run, report, found nothing"),
    (["scaling", "plot"], "scaling: expected one of run, report, found \"plot\""),
    (["scaling", "run"], "--ranks: expected numbers of ranks such as 1,2,4, found nothing"),
    (["scaling", "run", "--ranks", "0"], "--ranks: expected different whole numbers from 1 to 100000"),
    (["scaling", "run", "--ranks", "1,,2"], "with commas between, found \"1,,2\""),
    (["scaling", "run", "--ranks", "1,2,1"], "found \"1,2,1\""),
    (["scaling", "run", "--ranks", "1", "--repeat", "0"], "--repeat: expected a whole number from 1"),
    (["scaling", "run", "--ranks", "1", "--weak", "--strong"], "expected --weak or --strong, found both"),
    (["scaling", "run", "--ranks", "1", "--launcher", "ssh"], "expected mpirun or srun, found \"ssh\""),
    (
      ["scaling", "run", "--ranks", "1", "--launcher", "srun", "--hostfile", "h"],
      "--hostfile: expected --launcher mpirun"
    ),
    (["scaling", "run", "--ranks", "1", "--epochs", "3"], "unknown option --epochs"),
    (["scaling", "run", "--ranks", "1", "--", "--epoch", "3"], "did you mean --epochs?"),
    (["scaling", "run", "--ranks", "1", "--", "--out", "x"], "--out behind --: expected none"),
    (
      ["scaling", "run", "--ranks", "1", "--", "--global-batch", "9"],
      "expected --batch-size for weak scaling"
    ),
    (["scaling", "report"], "scaling report: expected directories of runs, found none"),
    (["scaling", "report", "--json=1", "x"], "--json: expected no value"),
  ])
  func wrongArgumentsAreOneLineAndExitCode2(_ arguments: [String], _ expected: String) throws {
    let program = try Program.run(arguments)
    #expect(program.exitCode == 2 && program.output.isEmpty)
    #expect(
      program.errors.split(separator: "\n").count == 1 && program.errors.contains(expected),
      "\(program.errors)")
    #expect(program.errors.contains("`cnn-mpi scaling"), "no hint in \(program.errors)")
  }

  @Test(arguments: [["run", "--ranks", "1,2"], ["report", "missing"]])
  func aStudyIsOneProcess(_ words: [String]) throws {
    let program = try Program.run(["scaling"] + words, ranks: 2)
    #expect(program.exitCode == 2 && program.errorLines.count == 1, "\(program.errors)")
    #expect(program.errors.contains("scaling \(words[0]): expected one process that"), "\(program.errors)")
    #expect(
      program.errors.contains("found a rank of one (OMPI_COMM_WORLD_SIZE is set): run it without mpirun"))
  }

  @Test func wrongStudiesAreOneLineAndExitCode1() throws {
    try withTemporaryDirectory { directory in
      for (path, expected) in [
        ("\(directory)/missing", "expected a directory of runs, found none"),
        (directory, "expected completed runs, one a directory, found none"),
      ] {
        let program = try Program.run(["scaling", "report", path])
        #expect(program.exitCode == 1 && program.errorLines.count == 1 && program.output.isEmpty)
        #expect(program.errors.contains(expected), "\(program.errors)")
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
    }
  }

  @Test func helpComesFromTheOptions() throws {
    for (words, options) in [
      (["scaling"], []), (["scaling", "run"], ["--ranks N,...", "--strong", "--launcher mpirun|srun"]),
      (["scaling", "report"], ["--json", "--out DIR"]),
    ] {
      let help = try Program.run(words + ["--help"])
      #expect(help.exitCode == 0 && help.output.hasPrefix("Usage: cnn-mpi scaling "))
      for option in options { #expect(help.output.contains("\n  \(option) "), "\(option)") }
      #expect(help.output.split(separator: "\n").allSatisfy { $0.count <= 110 }, "\(help.output)")
    }
  }
}
