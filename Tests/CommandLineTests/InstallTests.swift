import Foundation
import TestSupport
import Testing

@Suite struct InstallTests {
  private static let files = [
    "bin/cnn-mpi", "share/man/man1/cnn-mpi.1", "share/bash-completion/completions/cnn-mpi",
    "share/zsh/site-functions/_cnn-mpi", "share/fish/vendor_completions.d/cnn-mpi.fish",
  ]

  /// Installs the program that is tested; what that says.
  @discardableResult
  private func install(
    _ arguments: [String], _ environment: [String: String] = [:], in directory: String? = nil
  ) throws -> String {
    let command = ["\(packageRoot)/jobs/install.sh", "--program", Program.path] + arguments
    let program = try RunningProgram(command, environment, directory, seconds: 60).wait()
    #expect(program.exitCode == 0 && program.errors.isEmpty, "\(program.errors)")
    return program.output
  }

  private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

  private func modes(_ prefix: String) throws -> [String: Int] {
    let all = try #require(FileManager.default.enumerator(atPath: prefix)).compactMap { $0 as? String }
    var modes: [String: Int] = [:]
    for path in all {
      let attributes = try FileManager.default.attributesOfItem(atPath: "\(prefix)/\(path)")
      guard attributes[.type] as? FileAttributeType == .typeRegular else { continue }
      modes[path] = attributes[.posixPermissions] as? Int
    }
    return modes
  }

  /// Twice, the second time over what is there; a blank in the path does no harm.
  @Test func itPutsEverythingIntoThePrefix() throws {
    try withTemporaryDirectory { directory in
      let prefix = "\(directory)/a prefix"
      let version = try Program.run(["--version"]).output.split(separator: " ")[1].dropLast()
      let modules = ["share/modulefiles/cnn-mpi/\(version).lua", "share/modulefiles/cnn-mpi/\(version)"]
      for _ in 1...2 {
        let installed = try install([prefix])
        var expected = Dictionary(uniqueKeysWithValues: (Self.files + modules).map { ($0, 0o644) })
        expected["bin/cnn-mpi"] = 0o755
        #expect(try modes(prefix) == expected)
        for file in expected.keys { #expect(installed.contains("  \(prefix)/\(file)\n"), "\(file)") }
        try Data("spoilt".utf8).write(to: URL(fileURLWithPath: "\(prefix)/share/man/man1/cnn-mpi.1"))
      }
      try install([prefix])
      let page = try Program.run(["manual"]).output
      #expect(try text("\(prefix)/share/man/man1/cnn-mpi.1") == page)
      for (shell, file) in zip(["bash", "zsh", "fish"], Self.files[2...]) {
        let script = try Program.run(["completions", shell]).output
        #expect(try text("\(prefix)/\(file)") == script)
      }
      let program = try RunningProgram(["\(prefix)/bin/cnn-mpi", "--version"], seconds: 20).wait()
      #expect(program.output == "cnn-mpi \(version)\n")
      for module in modules {
        let module = try text("\(prefix)/\(module)")
        #expect(module.contains("\"\(prefix)/bin\"") && module.contains("\"\(prefix)/share/man\""))
      }
    }
  }

  @Test func itSaysWhatTheVariablesNeed() throws {
    try withTemporaryDirectory { directory in
      let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
      let without = try install([directory], ["MANPATH": "/usr/share/man"])
      #expect(without.contains("PATH lacks \(directory)/bin:      export PATH=\"\(directory)/bin:$PATH\"\n"))
      #expect(without.contains("MANPATH lacks \(directory)/share/man:"))
      #expect(without.contains("MODULEPATH lacks \(directory)/share/modulefiles:"))
      let with = try install(
        [directory],
        [
          "PATH": "\(directory)/bin:\(path)", "MANPATH": "\(directory)/share/man:",
          "MODULEPATH": "/modules:\(directory)/share/modulefiles",
        ]
      )
      #expect(!with.contains("lacks"), "\(with)")
    }
  }

  @Test func withoutAPrefixItGoesToTheHomeDirectory() throws {
    try withTemporaryDirectory { home in
      try install([], ["HOME": home])
      #expect(FileManager.default.isExecutableFile(atPath: "\(home)/.local/bin/cnn-mpi"))
    }
  }

  @Test func aRelativePrefixIsThatOfTheCaller() throws {
    try withTemporaryDirectory { directory in
      try install(["here"], in: directory)
      let module = try text("\(directory)/here/share/modulefiles/cnn-mpi/0.1.0.lua")
      #expect(module.contains("/here/bin\""))
    }
  }

  @Test func whatIsNotTheProgramIsNotInstalled() throws {
    try withTemporaryDirectory { directory in
      for (file, expected) in [
        ("/bin/true", "expected cnn-mpi at /bin/true"),
        ("\(directory)/missing", "found none at \(directory)/missing"),
      ] {
        let program = try RunningProgram(
          ["\(packageRoot)/jobs/install.sh", "--program", file, "\(directory)/prefix"], seconds: 20
        ).wait()
        #expect(program.exitCode == 1 && program.errors.contains(expected), "\(program.errors)")
        #expect((try? modes("\(directory)/prefix"))?.isEmpty ?? true)
      }
    }
  }

  /// The job scripts look at CNN_MPI first, then at what was built beside them, then at the PATH.
  @Test func jobsFindTheInstalledProgram() throws {
    try withTemporaryDirectory { directory in
      try install(["\(directory)/prefix"])
      let jobs = "\(directory)/package/jobs"
      try FileManager.default.createDirectory(atPath: jobs, withIntermediateDirectories: true)
      try FileManager.default.copyItem(atPath: "\(packageRoot)/jobs/slurm.sh", toPath: "\(jobs)/slurm.sh")
      func found(_ environment: [String: String]) throws -> Program {
        let script = "SLURM_JOB_NAME=job; source '\(jobs)/slurm.sh'; find_program; echo \"$program\""
        return try RunningProgram(["bash", "-c", script], environment, seconds: 20).wait()
      }
      let installed = "\(directory)/prefix/bin/cnn-mpi"
      let none = try found(["PATH": "/usr/bin:/bin"])
      #expect(none.exitCode == 1 && none.errors.contains("jobs/install.sh"), "\(none.errors)")
      let path = "\(directory)/prefix/bin:/usr/bin:/bin"
      #expect(try found(["PATH": path]).output == "\(installed)\n")
      let built = "\(directory)/package/.build/release"
      try FileManager.default.createDirectory(atPath: built, withIntermediateDirectories: true)
      try FileManager.default.copyItem(atPath: "/bin/true", toPath: "\(built)/cnn-mpi")
      #expect(try found(["PATH": path]).output == "\(built)/cnn-mpi\n")
      #expect(try found(["PATH": path, "CNN_MPI": installed]).output == "\(installed)\n")
    }
  }
}
