import Foundation
import TestSupport
import Testing

/// The scripts in `jobs`, as far as they can be run without a cluster.
@Suite struct JobScriptTests {
  static let scripts: [String] = ["jobs", "jobs/container"].flatMap { directory in
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(packageRoot)/\(directory)")) ?? []
    return names.map { "\(directory)/\($0)" }
  }.filter { $0.contains(/\.(sh|sbatch|py)$/) }.sorted()

  @Test func scriptsAreThere() {
    #expect(Self.scripts.contains("jobs/train.sbatch") && Self.scripts.contains("jobs/install.sh"))
  }

  /// Shows how it is called, and runs no program that installs, builds, trains or serves.
  @Test(arguments: scripts, ["--help", "-h"])
  func helpHelpsAndDoesNothingElse(_ script: String, _ option: String) throws {
    try withTemporaryDirectory { directory in
      let forbidden = [
        "apt-get", "sudo", "swift", "mpirun", "srun", "scontrol", "pip", "ssh-keygen", "mkdir", "docc",
      ]
      for name in forbidden {
        let path = "\(directory)/\(name)"
        try Data("#!/bin/sh\necho \(name) \"$@\" >>'\(directory)/called'\nexit 1\n".utf8)
          .write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
      }
      let interpreter = script.hasSuffix(".py") ? "python3" : script.contains("/container/") ? "sh" : "bash"
      let path = "\(directory):\(ProcessInfo.processInfo.environment["PATH"] ?? "")"
      let program = try RunningProgram(
        [interpreter, "\(packageRoot)/\(script)", option], ["PATH": path, "HOME": directory], directory,
        seconds: 20
      ).wait()
      #expect(program.exitCode == 0 && program.errors.isEmpty, "\(program.errors)")
      #expect(program.output.split(separator: "\n").count >= 2, "\(program.output)")
      #expect(!program.output.contains("set -e"), "\(program.output)")
      #expect(!FileManager.default.fileExists(atPath: "\(directory)/called"))
    }
  }

  @Test func anUnknownArgumentIsNotTakenForAWish() throws {
    for (script, arguments) in [
      ("test.sh", ["--quick"]), ("install.sh", ["--prefix"]), ("install.sh", ["a", "b"]), ("manual.sh", []),
      ("compare-pytorch.sh", ["--fast"]), ("compare-loader.sh", []),
    ] {
      let program = try RunningProgram(["\(packageRoot)/jobs/\(script)"] + arguments, seconds: 20).wait()
      #expect(program.exitCode == 2 && program.output.isEmpty, "\(script): \(program.output)")
      #expect(
        program.errors.hasPrefix("\(script): error: ") && program.errors.contains("--help"),
        "\(program.errors)")
    }
  }
}
