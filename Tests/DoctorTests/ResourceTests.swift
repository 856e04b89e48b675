import Doctor
import Foundation
import System
import TestSupport
import Testing

/// Memory, disks, data.
@Suite struct ResourceTests {
  private func memory(_ hosts: String, _ change: (Int, inout MemoryCheck.Rank) -> Void) -> MemoryCheck {
    MemoryCheck(
      byRank(hosts) { rank in
        var facts = MemoryCheck.Rank(
          total: 16e9, available: 12e9, needed: 2e9, lockable: nil, hasInfiniband: false)
        change(rank, &facts)
        return facts
      }, model: "tiny")
  }

  @Test func memoryThatIsMissingIsAnError() {
    let fine = memory("a a b") { _, _ in }
    #expect(
      fine.problems.isEmpty
        && fine.facts.hasPrefix(
          "12.0 GB of 16.0 GB free on a, which has least; tiny takes 4.0 GB for 2 ranks")
    )
    #expect(
      texts(memory("a a b") { if $0 == 2 { $1.available = 1e9 } }) == [
        "!b: training tiny takes at least 2.0 GB for 1 rank, and 1.0 GB of memory are left"
      ])
    // The control group is narrower than the host.
    #expect(
      texts(memory("a a") { ($1.limit, $1.left) = (4e9, 3e9) }) == [
        "!a: training tiny takes at least 4.0 GB for 2 ranks, and 3.0 GB of memory are left"
      ])
  }

  @Test func limitsOfTheProcessAreNamed() {
    func limited(needed: Double) -> MemoryCheck {
      memory("a a b") {
        if $0 == 2 {
          $1.processLimits = [
            .init(name: "the data limit (ulimit -d)", left: 9e9, needed: needed),
            .init(name: "the address space limit (ulimit -v)", left: 1e9, needed: needed),
          ]
        }
      }
    }
    #expect(limited(needed: 1e9).problems.isEmpty)
    #expect(
      texts(limited(needed: 2e9)) == [
        "!rank 2 (b): training tiny takes at least 2.0 GB, and the address space limit (ulimit -v) leaves 1.0 GB"
      ])
  }

  @Test func lockedMemoryMattersForInfiniBandAlone() {
    #expect(memory("a") { $1.lockable = 65536 }.problems.isEmpty)
    #expect(
      texts(memory("a") { ($1.lockable, $1.hasInfiniband) = (65536, true) })[0].hasPrefix(
        "a: there is InfiniBand, but a process may lock 66 kB"))
    #expect(memory("a") { $1.hasInfiniband = true }.problems.isEmpty)
  }

  @Test func sharedMemoryThatIsMissingIsNamed() {
    func check(_ hosts: String, free: Double?) -> SharedMemoryCheck {
      SharedMemoryCheck(
        byRank(hosts) { _ in
          SharedMemoryCheck.Rank(path: "/dev/shm", size: free.map { _ in 64e6 }, free: free)
        })
    }
    #expect(check("a a a", free: 64e6).problems.isEmpty)
    #expect(
      texts(check("a a a", free: 5e6))[0].hasPrefix(
        "a: /dev/shm has 5 MB free, and Open MPI takes up to 13 MB there for 3 ranks"))
    #expect(texts(check("a a", free: nil)).count == 1 && check("a b", free: 0).problems.isEmpty)
  }

  @Test func temporaryFilesNeedAPlace() {
    func check(_ rank: TemporaryDirectoryCheck.Rank) -> [String] {
      texts(TemporaryDirectoryCheck(byRank("a a") { _ in rank }))
    }
    #expect(check(.init(path: "/tmp", free: 1e9)).isEmpty)
    #expect(
      check(.init(path: "/tmp", free: 1e6)) == ["a: /tmp has 1 MB free, and MPI keeps its session there"])
    #expect(
      check(.init(path: "/nix", error: "no")) == ["a: no: the next mpirun cannot keep its session there"])
    #expect(
      TemporaryDirectoryCheck.look(at: "/proc").error?.hasPrefix(
        "/proc: expected a directory that can be written") == true)
    let fine = TemporaryDirectoryCheck.look(at: NSTemporaryDirectory())
    #expect(fine.error == nil && fine.free ?? 0 > 0)
  }

  private func runDirectory(
    _ hosts: String = "a a", seen: [Bool] = [true, true], _ change: (inout RunDirectoryCheck.Outcome) -> Void
  )
    -> RunDirectoryCheck
  {
    var trial = RunDirectoryCheck.Outcome(path: "/runs", seconds: 0.01, free: 1e9, hasInodes: true)
    change(&trial)
    return RunDirectoryCheck(
      trial, needed: 25e6, seen: seen, hosts: hosts.split(separator: " ").map(String.init))
  }

  @Test func runDirectoriesAreJudged() {
    #expect(runDirectory { _ in }.problems.isEmpty)
    #expect(runDirectory { _ in }.facts == "/runs: 4 MB written and synced in 10.0 ms, 1.0 GB free")
    #expect(
      runDirectory("a b", seen: [true, false]) { _ in }.facts.hasSuffix(
        "free, not on all hosts (rank 0 writes)"))
    #expect(runDirectory("a b") { _ in }.facts.hasSuffix("free, on all hosts"))
    #expect(
      texts(runDirectory { $0.free = 20e6 }) == [
        "!/runs has 20 MB free, and a run with its checkpoints takes about 25 MB"
      ])
    #expect(
      texts(runDirectory { $0.hasInodes = false }) == ["!/runs: the file system can take no more files"])
    #expect(texts(runDirectory { $0.error = "/runs: no" }) == ["!/runs: no"])
    #expect(texts(runDirectory { $0.seconds = 3 }).count == 1)
  }

  @Test func aTrialLeavesADirectoryAsItWas() throws {
    try withTemporaryDirectory { directory in
      let files = FileManager.default
      let trial = DirectoryTrial("\(directory)/a/b//c/")
      #expect(trial.error == nil && trial.seconds ?? 0 > 0 && trial.space?.hasInodes == true)
      let file = try #require(trial.file)
      #expect(files.contents(atPath: file)?.count == DirectoryTrial.bytes)
      trial.remove()
      #expect(try files.contentsOfDirectory(atPath: directory).isEmpty)

      try Data([1]).write(to: URL(fileURLWithPath: "\(directory)/kept"))
      let again = DirectoryTrial(directory)
      again.remove()
      #expect(try files.contentsOfDirectory(atPath: directory) == ["kept"])

      let below = DirectoryTrial("\(directory)/kept/run")
      #expect(below.error?.contains("Not a directory") == true && below.file == nil)
      below.remove()
      #expect(files.contents(atPath: "\(directory)/kept") == Data([1]))
    }
  }

  private func data(_ hosts: String, _ change: (Int, inout DataCheck.Rank) -> Void) -> DataCheck {
    DataCheck(
      "/data",
      byRank(hosts) { rank in
        var facts = DataCheck.Rank(
          path: "/host\(rank)/data", trainImages: 60_000, testImages: 10_000, trainHash: "1", testHash: "2")
        change(rank, &facts)
        return facts
      })
  }

  @Test func dataAreTheSameOnAllRanks() {
    #expect(data("a b") { _, _ in }.problems.isEmpty)
    #expect(data("a b") { _, _ in }.facts == "/data: 60,000 to train, 10,000 to test, the same on all ranks")
    let missing = data("a a b b") {
      if $0 > 1 { $1 = DataCheck.Rank(path: "/host\($0)/data", error: "/data: nothing there") }
    }
    #expect(texts(missing) == ["!ranks 2-3 (b): /data: nothing there"])
    #expect(missing.problems[0].remedy == "on a: rsync -a /host0/data/ b:/host2/data/")
    let other = data("a b c") { if $0 == 1 { $1.testHash = "3" } }
    #expect(texts(other) == ["!rank 1 (b) has other images in /data than ranks 0,2 (a, c)"])
    #expect(other.problems[0].remedy == "on a: rsync -a /host0/data/ b:/host1/data/")
    let everywhere = data("a b") {
      $1 = DataCheck.Rank(path: "/host\($0)/data", error: "/data: nothing there")
    }
    #expect(
      texts(everywhere) == ["!/data: nothing there"]
        && everywhere.problems[0].remedy.contains("on every host"))
    #expect(texts(data("a b") { $1.mismatch = "too large" }) == ["!too large"])
  }
}
