import Foundation
import TestSupport
import Testing

/// `cnn-mpi doctor`, as a user runs it: what it says is what other programs say of this machine, and what is
/// wrong is the verdict.
@Suite(.serialized) struct DoctorTests {
  @Test(arguments: [nil, 2, 4])
  func whatItSaysIsTrue(ranks: Int?) throws {
    try withTemporaryDirectory { directory in
      let out = "\(directory)/some/run"
      let program = try Program.run(["doctor", "--json", "--out", out], ranks: ranks, seconds: 60)
      #expect(program.exitCode == 0, "\(program.output) \(program.errors)")
      let report = try DoctorReport(program)
      let size = ranks ?? 1
      #expect(report["ready"] as? Bool == true && report["errors"] as? Int == 0)
      #expect(report["world_size"] as? Int == size && (report["hosts"] as? [String])?.count == size)
      #expect(report["seconds"] as? Double ?? 99 < 30)
      let names = (report["checks"] as? DoctorReport.Object)?.keys.sorted() ?? []
      #expect(
        names == [
          "allreduce", "blas", "clocks", "cpu", "data", "memory", "mpi", "neighbours", "placement", "program",
          "run_directory", "sgemm", "shared_memory", "temporary_files",
        ])
      for name in [
        "mpi", "program", "placement", "cpu", "blas", "sgemm", "memory", "shared_memory", "temporary_files",
      ] {
        #expect(report.rows(name).map { $0["rank"] as? Int } == (0..<size).map { $0 }, "\(name)")
      }

      let cores = try Int(Program.words("getconf _NPROCESSORS_ONLN")[0])
      #expect(report.rows("placement").allSatisfy { $0["host_cores"] as? Int == cores })
      #expect(report.rows("placement").allSatisfy { !($0["cores"] as? [Int] ?? []).isEmpty })
      let hash = try Program.words("sha256sum \(Program.path)")[0]
      #expect(report.rows("program").allSatisfy { $0["sha256"] as? String == hash })
      let total = try #require(Double(Program.words("grep MemTotal /proc/meminfo")[1]))
      #expect(report.rows("memory").allSatisfy { $0["total"] as? Double == total * 1024 })
      let free = try #require(
        Double(Program.words("df --block-size=1 --output=avail \(directory) | tail -1")[0]))
      let found = report.check("run_directory")["free"] as? Double ?? 0
      #expect(abs(found - free) < 1e9, "\(found) bytes free, df says \(free)")
      let host = try Program.words("hostname")[0]
      #expect(report.rows("mpi").allSatisfy { $0["host"] as? String == host })
      #expect(report.rows("mpi").allSatisfy { ($0["library"] as? String)?.hasPrefix("Open MPI v") == true })
      let launchers = report.rows("mpi").map { ($0["launcher"] as? DoctorReport.Object)?["name"] as? String }
      // Where the tests themselves run under mpirun, that is found.
      if ranks != nil { #expect(launchers.allSatisfy { $0 == "mpirun" }, "\(launchers)") }

      #expect(report.rows("sgemm").allSatisfy { $0["gflops"] as? Double ?? 0 > 0.1 })
      #expect(report.rows("sgemm").allSatisfy { 0...1.05 ~= $0["cpu_share"] as? Double ?? -1 })
      #expect(
        (report.check("allreduce")["sizes"] as? [DoctorReport.Object])?.count ?? 0 >= (size > 1 ? 2 : 0))
      #expect(
        (report.check("neighbours")["links"] as? [DoctorReport.Object])?.count == (size > 2 ? size : size - 1)
      )
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty, "something was left in --out")

      let isFull = size > cores ?? 0
      #expect(report.problems("placement", "warning").contains { $0.contains("oversubscribed") } == isFull)
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
    let report = try DoctorReport(json)
    #expect(json.exitCode == 1 && report["ready"] as? Bool == false)
    #expect(
      report.check("mpi")["is_singleton"] as? Bool == true
        && report.check("mpi")["intended_ranks"] as? Int == 4)
    #expect(report.problems("mpi", "error").count == 1)
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
    let report = try DoctorReport(program)
    #expect(program.exitCode == 0)
    #expect(report.rows("blas").first?["coretype"] as? String == "Nehalem")
    #expect(report.rows("blas").first?["kernel"] as? String == "Nehalem")
    #expect(
      (report.check("blas")["facts"] as? String)?.contains("pinned by OPENBLAS_CORETYPE=Nehalem") == true)
    let flags = try Program.words("grep -m1 ^flags /proc/cpuinfo")
    let slow = report.problems("blas", "warning")
    #expect(slow.count == (flags.contains("avx2") && flags.contains("fma") ? 1 : 0), "\(slow)")
    #expect(slow.allSatisfy { $0.contains("its Nehalem kernel") && $0.contains("half the speed") }, "\(slow)")
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
        let report = try DoctorReport(
          Program.run(["doctor", "--json", "--out", directory, "--keep", "\(keep)"]))
        return try #require(report.check("run_directory")["needed"] as? Double)
      }
      let name = try #require(files.checkpoints.first { $0.hasSuffix(".safetensors") })
      let path = "\(files.directory)/checkpoints/\(name)"
      let size = try #require(FileManager.default.attributesOfItem(atPath: path)[.size] as? Double)
      #expect(abs((needed[1] - needed[0]) / size - 1) < 0.05, "\(needed), a checkpoint has \(size) bytes")
    }
  }

  @Test(arguments: [
    (["--frobnicate"], 2, "unknown option --frobnicate"), (["--jsn"], 2, "did you mean --json?"),
    (["--keep", "x"], 2, "--keep: expected"),
    (["--timeout", "0"], 2, "--timeout: expected a number above 0, found \"0\""),
    (["runs"], 2, "unexpected argument \"runs\""),
    (["--model", "resnet51"], 1, "no model is called \"resnet51\""),
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
