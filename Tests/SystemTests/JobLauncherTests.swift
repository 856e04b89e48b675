import Foundation
import System
import Testing

@Suite struct JobLauncherTests {
  /// A rank that mpirun started through two shells, and its launcher.
  private func withRank(_ body: (_ rank: pid_t, _ mpirun: Process) throws -> Void) throws {
    let (mpirun, output) = (Process(), Pipe())
    mpirun.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    // A shell with something left to do stays.
    let shells = "sh -c 'echo $$; exec sleep 60'; true"
    mpirun.arguments = ["mpirun", "-np", "1", "sh", "-c", "sh -c \"$0\"; true", shells]
    let environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("OMPI_") }
    mpirun.environment = environment.merging(
      ["OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"]) { $1 }
    mpirun.standardOutput = output
    mpirun.standardInput = FileHandle.nullDevice
    try mpirun.run()
    let text = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    let rank = try #require(pid_t(text.trimmingCharacters(in: .newlines)), "\(text)")
    defer {
      kill(rank, SIGKILL)
      mpirun.waitUntilExit()
    }
    try body(rank, mpirun)
  }

  @Test func itIsFoundBehindShells() throws {
    try withRank { rank, mpirun in
      let found = JobLauncher.find(above: "\(rank)")
      #expect(
        found?.id == mpirun.processIdentifier && found?.name == "mpirun", "\(String(describing: found))")
      #expect(found?.isOfOneJob == true)
    }
  }

  @Test func itIsEndedBehindShells() throws {
    try withRank { rank, mpirun in
      try endLauncher(after: 1, of: "\(rank)")
      let start = ContinuousClock.now
      while mpirun.isRunning, ContinuousClock.now - start < .seconds(20) { usleep(10_000) }
      #expect(!mpirun.isRunning)
    }
  }

  /// SLURM's daemon comes before an mpirun that started it; what is above everything is none.
  @Test func thoseOfOthersAreLeftAlone() throws {
    let root = "\(NSTemporaryDirectory())launcher-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: root) }
    func process(_ id: Int, _ name: String, parent: Int) throws {
      let directory = URL(fileURLWithPath: "\(root)/proc/\(id)")
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
      try Data("\(id) (\(name)) S \(parent) \(id)\n".utf8).write(to: directory.appendingPathComponent("stat"))
      try Data("\(name)\n".utf8).write(to: directory.appendingPathComponent("comm"))
    }
    for (id, name, parent) in [
      (1, "systemd", 0), (5, "mpirun", 1), (10, "slurmstepd", 5), (20, "a) (b", 10), (30, "cnn-mpi", 20),
      (40, "cnn-mpi", 1),
    ] {
      try process(id, name, parent: parent)
    }
    let slurm = JobLauncher.find(above: "30", KernelFiles(root: root))
    #expect(slurm?.id == 10 && slurm?.name == "slurmstepd" && slurm?.isOfOneJob == false)
    #expect(JobLauncher.find(above: "10", KernelFiles(root: root))?.isOfOneJob == true)
    #expect(JobLauncher.find(above: "40", KernelFiles(root: root)) == nil)
    #expect(JobLauncher.find(above: "99", KernelFiles(root: root)) == nil)
  }
}
