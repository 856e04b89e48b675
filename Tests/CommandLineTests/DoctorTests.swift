import Foundation
import TestSupport
import Testing

/// `cnn-mpi doctor`, as a user runs it: what it says is what other programs say of this machine, and what is
/// wrong is the verdict.
@Suite(.serialized) struct DoctorTests {
  private typealias Object = [String: Any]

  private func parse(_ program: Program, sourceLocation: SourceLocation = #_sourceLocation) throws -> Object {
    let value = try JSONSerialization.jsonObject(with: Data(program.output.utf8)) as? Object
    return try #require(value, "\(program.errors)", sourceLocation: sourceLocation)
  }

  private func check(_ report: Object, _ name: String) -> Object {
    (report["checks"] as? [String: Object])?[name] ?? [:]
  }

  private func rows(_ report: Object, _ name: String) -> [Object] {
    check(report, name)["ranks"] as? [Object] ?? []
  }

  /// The errors and warnings of a check.
  private func problems(_ report: Object, _ name: String, _ severity: String) -> [String] {
    let problems = check(report, name)["problems"] as? [[String: String]] ?? []
    return problems.filter { $0["severity"] == severity }.compactMap { $0["text"] }
  }

  /// Runs several programs as one MPI job.
  private func runTogether(_ commands: [[String]], seconds: Double = 60) throws -> Program {
    let contexts = commands.map { ["-np", "1"] + $0 }.joined(separator: [":"])
    return try RunningProgram(["mpirun"] + contexts, seconds: seconds).wait()
  }

  /// What another program prints, as words.
  private func words(_ command: String) throws -> [String] {
    try RunningProgram(["sh", "-c", command], seconds: 30).wait().output.split { $0.isWhitespace }.map(
      String.init)
  }

  @Test(arguments: [nil, 2, 4])
  func whatItSaysIsTrue(ranks: Int?) throws {
    try withTemporaryDirectory { directory in
      let out = "\(directory)/some/run"
      let program = try Program.run(["doctor", "--json", "--out", out], ranks: ranks, seconds: 60)
      #expect(program.exitCode == 0, "\(program.output) \(program.errors)")
      let report = try parse(program)
      let size = ranks ?? 1
      #expect(report["ready"] as? Bool == true && report["errors"] as? Int == 0)
      #expect(report["world_size"] as? Int == size && (report["hosts"] as? [String])?.count == size)
      #expect(report["seconds"] as? Double ?? 99 < 30)
      let names = (report["checks"] as? Object)?.keys.sorted() ?? []
      #expect(
        names == [
          "allreduce", "blas", "clocks", "cpu", "data", "memory", "mpi", "neighbours", "placement", "program",
          "run_directory", "sgemm", "shared_memory", "temporary_files",
        ])
      for name in [
        "mpi", "program", "placement", "cpu", "blas", "sgemm", "memory", "shared_memory", "temporary_files",
      ] {
        #expect(rows(report, name).map { $0["rank"] as? Int } == (0..<size).map { $0 }, "\(name)")
      }

      let cores = try Int(words("getconf _NPROCESSORS_ONLN")[0])
      #expect(rows(report, "placement").allSatisfy { $0["host_cores"] as? Int == cores })
      #expect(rows(report, "placement").allSatisfy { !($0["cores"] as? [Int] ?? []).isEmpty })
      let hash = try words("sha256sum \(Program.path)")[0]
      #expect(rows(report, "program").allSatisfy { $0["sha256"] as? String == hash })
      let total = try #require(Double(words("grep MemTotal /proc/meminfo")[1]))
      #expect(rows(report, "memory").allSatisfy { $0["total"] as? Double == total * 1024 })
      let free = try #require(Double(words("df --block-size=1 --output=avail \(directory) | tail -1")[0]))
      let found = check(report, "run_directory")["free"] as? Double ?? 0
      #expect(abs(found - free) < 1e9, "\(found) bytes free, df says \(free)")
      let host = try words("hostname")[0]
      #expect(rows(report, "mpi").allSatisfy { $0["host"] as? String == host })
      #expect(rows(report, "mpi").allSatisfy { ($0["library"] as? String)?.hasPrefix("Open MPI v") == true })
      let launchers = rows(report, "mpi").map { ($0["launcher"] as? Object)?["name"] as? String }
      // Where the tests themselves run under mpirun, that is found.
      if ranks != nil { #expect(launchers.allSatisfy { $0 == "mpirun" }, "\(launchers)") }

      #expect(rows(report, "sgemm").allSatisfy { $0["gflops"] as? Double ?? 0 > 0.1 })
      #expect(rows(report, "sgemm").allSatisfy { 0...1.05 ~= $0["cpu_share"] as? Double ?? -1 })
      #expect((check(report, "allreduce")["sizes"] as? [Object])?.count ?? 0 >= (size > 1 ? 2 : 0))
      #expect((check(report, "neighbours")["links"] as? [Object])?.count == (size > 2 ? size : size - 1))
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty, "something was left in --out")

      let isFull = size > cores ?? 0
      #expect(problems(report, "placement", "warning").contains { $0.contains("oversubscribed") } == isFull)
    }
  }

  @Test func theTableIsForPeople() throws {
    let program = try Program.run(["doctor", "--out", "run"], ranks: 2)
    #expect(program.exitCode == 0 && program.output.hasPrefix("cnn-mpi 0.1.0 doctor\n"), "\(program.errors)")
    let table = program.output.components(separatedBy: "\n\n")[0].split(separator: "\n")
    #expect(table.count >= 15 && table.allSatisfy { $0.count <= 110 }, "\(program.output)")
    for name in ["MPI", "program", "sgemm", "run directory"] {
      #expect(program.output.contains("  \(name) "))
    }
    let verdict = program.output.split(separator: "\n").last ?? ""
    #expect(verdict.hasPrefix("ready: 2 ranks on 1 host, ") && verdict.hasSuffix(" s)"))
    #expect(!program.output.contains("\u{1B}"))
  }

  @Test func colorsAreForTerminals() throws {
    let arguments = ["doctor", "--out", "/dev/null/run"]
    let colored = try Program.runOnTerminal(arguments, ranks: 1)
    #expect(colored.output.contains("\u{1B}[1;31merror:\u{1B}[0m run directory"), "\(colored.output)")
    let plain = try Program.runOnTerminal(arguments, ranks: 1, environment: ["NO_COLOR": "1"])
    #expect(plain.output.contains("error: run directory") && !plain.output.contains("\u{1B}[1"))
  }

  @Test(arguments: [nil, 2])
  func aRunDirectoryThatCannotBeIsTheVerdict(ranks: Int?) throws {
    try withTemporaryDirectory { directory in
      try "kept".write(toFile: "\(directory)/file", atomically: true, encoding: .utf8)
      let out = "\(directory)/file/run"
      let program = try Program.run(["doctor", "--out", out], ranks: ranks)
      #expect(program.exitCode == 1 && program.errorLines.count == 1, "\(program.errors)")
      #expect(program.errors.contains("cnn-mpi: error: not ready: 1 problem (run directory)"))
      #expect(
        program.output.contains(
          "\nerror: run directory: \(out): expected a directory that can be made, found \"Not a directory\"\n  to mend it: choose a run directory "
        ))
      #expect(program.output.contains("\nnot ready: 1 problem (run directory)"))
      #expect(try String(contentsOfFile: "\(directory)/file", encoding: .utf8) == "kept")
    }
  }

  @Test func dataAreCompared() throws {
    try withData { directory in
      let options = ["doctor", "--json", "--out", directory, "--data"]
      let same = try Program.run(options + [directory], ranks: 2)
      #expect(same.exitCode == 0, "\(same.output)")
      let row = rows(try parse(same), "data").last ?? [:]
      #expect(
        row["train_images"] as? Int == 4 && row["test_images"] as? Int == 2 && row["train_hash"] is String)

      try withData { other in
        let images = URL(fileURLWithPath: "\(other)/t10k-images-idx3-ubyte")
        var bytes = try Data(contentsOf: images)
        bytes[100] ^= 1
        try bytes.write(to: images)
      } _: { other in
        let program = [Program.path] + options
        let mixed = try runTogether([program + [directory], program + [directory], program + [other]])
        #expect(mixed.exitCode == 1)
        let texts = problems(try parse(mixed), "data", "error")
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
        let result = try runTogether(
          (0..<2).map { program + [$0 == lacking ? "\(directory)/missing" : directory] })
        #expect(result.exitCode == 1 && result.errorLines.count == 1, "\(result.errors)")
        let texts = problems(try parse(result), "data", "error")
        #expect(texts.count == 1 && texts[0].hasPrefix("rank \(lacking) ("), "\(texts)")
        #expect(texts[0].contains("expected a directory with data, found \"No such file or directory\""))
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
      let program = try runTogether([[Program.path] + options, [other] + options])
      #expect(program.exitCode == 1)
      let report = try parse(program)
      #expect(report["verdict"] as? String != nil && report["ready"] as? Bool == false)
      let texts = problems(report, "program", "error")
      #expect(
        texts.count == 1 && texts[0].contains(" runs another binary than ") && texts[0].contains(other),
        "\(texts)")
      // Really different builds may not understand each other further.
      #expect((report["checks"] as? Object)?.keys.sorted() == ["program"])
      #expect((report["verdict"] as? String)?.hasSuffix("; nothing else was looked at") == true)
      let hashes = rows(report, "program").compactMap { $0["sha256"] as? String }
      #expect(try hashes == [words("sha256sum \(Program.path)")[0], words("sha256sum \(other)")[0]])
    }
  }

  @Test(arguments: [
    (
      ["OMPI_COMM_WORLD_SIZE": "4"], "(OMPI_COMM_WORLD_SIZE=4)",
      "the mpirun of the MPI that cnn-mpi is linked with"
    ),
    (["SLURM_NTASKS": "4", "SLURM_PROCID": "0"], "(SLURM_NTASKS=4)", "srun --mpi=pmix"),
  ])
  func singletonsAreTheVerdict(_ environment: [String: String], _ variable: String, _ remedy: String) throws {
    let text = try Program.run(["doctor", "--out", "run"], environment: environment)
    #expect(text.exitCode == 1 && text.errorLines.count == 1)
    #expect(text.output.contains("\nerror: MPI: MPI sees 1 rank, but the launcher meant 4 \(variable)"))
    #expect(text.output.contains("\n  to mend it: ") && text.output.contains(remedy))
    #expect(text.output.contains("\nnot ready: 1 problem (MPI)"))

    let json = try Program.run(["doctor", "--json", "--out", "run"], environment: environment)
    let report = try parse(json)
    #expect(json.exitCode == 1 && report["ready"] as? Bool == false)
    #expect(
      check(report, "mpi")["is_singleton"] as? Bool == true
        && check(report, "mpi")["intended_ranks"] as? Int == 4)
    #expect(problems(report, "mpi", "error").count == 1)
  }

  /// Of four processes that are all alone, the first speaks.
  @Test func singletonsSpeakOnce() throws {
    let program = try Program.run(
      ["doctor", "--out", "run"], environment: ["SLURM_NTASKS": "4", "SLURM_PROCID": "2"])
    #expect(program.exitCode == 1 && program.output.isEmpty && program.errors.isEmpty, "\(program.errors)")
  }

  /// A kernel without FMA is slow wherever the CPU has FMA. Which kernel is slow on which CPU is for the
  /// kernels' own tests.
  @Test func aPinnedKernelIsShown() throws {
    let program = try Program.run(
      ["doctor", "--json", "--out", "run"], environment: ["OPENBLAS_CORETYPE": "Nehalem"])
    let report = try parse(program)
    #expect(program.exitCode == 0)
    #expect(rows(report, "blas").first?["coretype"] as? String == "Nehalem")
    #expect(rows(report, "blas").first?["kernel"] as? String == "Nehalem")
    #expect(
      (check(report, "blas")["facts"] as? String)?.contains("pinned by OPENBLAS_CORETYPE=Nehalem") == true)
    let flags = try words("grep -m1 ^flags /proc/cpuinfo")
    let slow = problems(report, "blas", "warning")
    #expect(slow.count == (flags.contains("avx2") && flags.contains("fma") ? 1 : 0), "\(slow)")
    #expect(slow.allSatisfy { $0.contains("its Nehalem kernel") && $0.contains("half the speed") }, "\(slow)")
  }

  /// A rank in a UTS namespace of its own takes its host for another one.
  @Test(.enabled(if: canRename, "no permission for `unshare --uts`"))
  func hostsAreToldApart() throws {
    let options = ["doctor", "--json", "--out", "run"]
    let renamed = [
      "unshare", "--uts", "sh", "-c",
      "hostname other && exec \(Program.path) \(options.joined(separator: " "))",
    ]
    let program = try runTogether([[Program.path] + options, renamed])
    let report = try parse(program)
    #expect(program.exitCode == 0 && (report["hosts"] as? [String])?.last == "other", "\(program.errors)")
    let clocks = check(report, "clocks")["clocks"] as? [Object] ?? []
    #expect(clocks.count == 1 && clocks[0]["host"] as? String == "other")
    let (ahead, uncertainty) = (
      clocks[0]["ahead_seconds"] as? Double ?? 9, clocks[0]["uncertainty_seconds"] as? Double ?? 0
    )
    #expect(abs(ahead) <= uncertainty + 1e-6 && uncertainty < 1, "\(ahead) +- \(uncertainty)")
    #expect((check(report, "neighbours")["facts"] as? String)?.hasPrefix("between hosts ") == true)
    #expect((check(report, "run_directory")["facts"] as? String)?.hasSuffix(", on all hosts") == true)
  }

  private static let canRename =
    (try? RunningProgram(["unshare", "--uts", "hostname", "other"], seconds: 10).wait().exitCode) == 0

  /// One rank by a slower kernel.
  @Test func mixedKernelsAreNamed() throws {
    let program = [Program.path, "doctor", "--json", "--out", "run"]
    let mixed = try runTogether([
      ["env", "OPENBLAS_CORETYPE=Haswell"] + program, ["env", "OPENBLAS_CORETYPE=Sandybridge"] + program,
    ])
    let texts = problems(try parse(mixed), "blas", "warning")
    #expect(mixed.exitCode == 0)
    #expect(
      texts.contains { $0.hasPrefix("OpenBLAS runs different kernels: Haswell on rank 0 ") }, "\(texts)")
  }

  @Test func unboundRanksAreNamed() throws {
    let cores = try Int(words("getconf _NPROCESSORS_ONLN")[0]) ?? 1
    let program = try RunningProgram(
      [
        "mpirun", "--bind-to", "none", "-np", "2", Program.path, "doctor", "--json", "--out",
        "run",
      ],
      seconds: 60
    ).wait()
    let texts = problems(try parse(program), "placement", "warning")
    #expect(program.exitCode == 0 && texts.count == 1)
    #expect(texts[0].contains(cores < 2 ? "oversubscribed" : "2 ranks are not bound"), "\(texts)")
  }

  /// Each has a core of its own: that is not enough for the threads that it is to have.
  @Test func threadsCount() throws {
    let cores = try Int(words("getconf _NPROCESSORS_ONLN")[0]) ?? 1
    let program = try RunningProgram(
      [
        "mpirun", "--bind-to", "core", "-np", "1", Program.path, "doctor", "--json", "--threads",
        "\(8 * cores)", "--out", "run",
      ], seconds: 60
    ).wait()
    let texts = problems(try parse(program), "placement", "warning")
    #expect(
      program.exitCode == 0 && texts.count == 1
        && texts[0].contains("1 rank of \(8 * cores) threads has 1 core"), "\(texts) \(program.errors)")
  }

  /// The room that a further checkpoint is said to take is what one takes.
  @Test func roomIsForCheckpointsAsTheyAre() throws {
    try withTemporaryDirectory { directory in
      let files = RunFiles(directory: "\(directory)/run")
      let run = try Program.run([
        "train", "--train-samples", "256", "--test-samples", "64", "--epochs", "1", "--out", files.directory,
        "--quiet",
      ])
      #expect(run.exitCode == 0, "\(run.errors)")
      let needed = try [2, 3].map { keep in
        let report = try parse(
          Program.run(["doctor", "--json", "--out", directory, "--keep", "\(keep)"]))
        return try #require(check(report, "run_directory")["needed"] as? Double)
      }
      let name = try #require(files.checkpoints.first { $0.hasSuffix(".safetensors") })
      let path = "\(files.directory)/checkpoints/\(name)"
      let size = try #require(FileManager.default.attributesOfItem(atPath: path)[.size] as? Double)
      #expect(abs((needed[1] - needed[0]) / size - 1) < 0.05, "\(needed), a checkpoint has \(size) bytes")
    }
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

  @Test(arguments: [
    (["--frobnicate"], 2, "unknown option --frobnicate"), (["--jsn"], 2, "did you mean --json?"),
    (["--keep", "x"], 2, "--keep: expected"),
    (["--timeout", "0"], 2, "--timeout: expected a number above 0, found \"0\""),
    (["runs"], 2, "unexpected argument \"runs\""),
    (["--model", "resnet50"], 1, "no model is called \"resnet50\""),
  ])
  func wrongArgumentsAreOneLine(_ arguments: [String], _ exitCode: Int32, _ expected: String) throws {
    for ranks in [nil, 2] {
      let program = try Program.run(["doctor"] + arguments, ranks: ranks)
      #expect(program.exitCode == exitCode && program.output.isEmpty)
      #expect(program.errorLines.count == 1 && program.errors.contains(expected), "\(program.errors)")
    }
  }

  @Test func helpComesFromTheOptions() throws {
    let help = try Program.run(["doctor", "--help"])
    #expect(help.exitCode == 0 && help.output.hasPrefix("Usage: [mpirun -np RANKS] cnn-mpi doctor [options]"))
    for option in ["--data", "--model", "--threads", "--out", "--keep", "--timeout", "--json"] {
      #expect(help.output.contains("  \(option) "))
    }
    #expect(help.output.split(separator: "\n").allSatisfy { $0.count <= 110 })
    #expect(help.output.contains("train's defaults") && help.output.contains("has 5 more [20]"))
    #expect(try Program.run(["--help"]).output.contains("\n  doctor "))
  }
}
