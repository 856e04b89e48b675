import Doctor
import MPI
import TestSupport
import Testing

/// MPI, the binary, and where the ranks are.
@Suite struct LaunchTests {
  private func mpi(
    _ hosts: String, singleton: SingletonError? = nil, _ change: (Int, inout MPICheck.Rank) -> Void
  )
    -> MPICheck
  {
    MPICheck(
      byRank(hosts) { rank in
        var facts = MPICheck.Rank(
          library: "Open MPI v4.1.4", libraryFile: "libopen-pal.so.40.30.2",
          launcher: LaunchingProcess(name: "mpirun", library: "libopen-pal.so.40.30.2"))
        change(rank, &facts)
        return facts
      }, singleton: singleton, intendedRanks: nil)
  }

  @Test func oneMPIIsFine() {
    let check = mpi("a a b") { _, _ in }
    #expect(check.problems.isEmpty && check.facts == "Open MPI v4.1.4, 3 ranks, under mpirun")
    #expect(
      mpi("a") { $1.launcher = nil }.facts == "Open MPI v4.1.4, 1 rank, no launcher: mpirun starts more ranks"
    )
  }

  @Test func mixedVersionsAreAnError() {
    let check = mpi("a a b b") { if $0 > 1 { $1.library = "Open MPI v5.0.1" } }
    #expect(
      texts(check) == [
        "!ranks run different MPI libraries: Open MPI v4.1.4 on ranks 0-1 (a), Open MPI v5.0.1 on ranks 2-3 (b)"
      ])
  }

  @Test func aLauncherOfAnotherReleaseIsNamed() {
    let check = mpi("a b") {
      if $0 == 1 { $1.launcher = LaunchingProcess(name: "orted", library: "libopen-pal.so.80") }
    }
    #expect(
      texts(check) == [
        "rank 1 (b) runs with libopen-pal.so.40.30.2, but orted above with libopen-pal.so.80"
      ])
    // SLURM's has none, and another user's cannot be looked at.
    #expect(mpi("a") { $1.launcher = LaunchingProcess(name: "slurmstepd", library: nil) }.problems.isEmpty)
  }

  @Test func singletonsAreTheVerdict() {
    let check = mpi(
      "a", singleton: Launcher.singletonError(worldSize: 1) { $0 == "SLURM_NTASKS" ? "4" : nil }
    ) { _, _ in }
    #expect(check.isSingleton && texts(check).count == 1 && texts(check)[0].hasPrefix("!MPI sees 1 rank"))
    #expect(check.problems[0].remedy.contains("srun --mpi=pmix"))
    #expect(check.facts == "Open MPI v4.1.4, alone where 4 ranks were meant")
  }

  @Test func theLauncherIsFoundAboveShells() throws {
    let maps =
      "7f00 r-xp 0 0:0 1  /usr/lib/libc.so.6\n7f01 r-xp 0 0:0 2  /opt/mpi/lib/libopen-pal.so.40.30.2\n"
    let files = [
      "/proc/self/stat": "30 (cnn-mpi) S 20 30", "/proc/20/comm": "bash\n",
      "/proc/20/stat": "20 (a b) c) S 10 20", "/proc/10/comm": "orted\n", "/proc/10/maps": maps,
    ]
    let found = try withKernelFiles(files, LaunchingProcess.find)
    #expect(found == LaunchingProcess(name: "orted", library: "libopen-pal.so.40.30.2"))
    let alone = [
      "/proc/self/stat": "30 (cnn-mpi) S 1 30", "/proc/1/comm": "init", "/proc/1/stat": "1 (init) S 0 1",
    ]
    #expect(try withKernelFiles(alone, LaunchingProcess.find) == nil)
  }

  @Test func aDifferentBinaryIsNamed() {
    func check(_ hosts: String, _ hash: @escaping (Int) -> String?) -> BinaryCheck {
      BinaryCheck(
        byRank(hosts) {
          BinaryCheck.Rank(
            version: "0.1.0", path: "/opt/cnn-mpi-\($0)", sha256: hash($0),
            error: hash($0) == nil ? "gone" : nil)
        })
    }
    #expect(
      check("a b") { _ in "11112222333344445555" }.facts == "cnn-mpi 0.1.0, sha256 111122223333 on all ranks")
    let mixed = check("a a b") { $0 == 2 ? "2" : "1" }
    #expect(
      texts(mixed).count == 1
        && texts(mixed)[0].hasPrefix("!rank 2 (b) runs another binary than ranks 0-1 (a): "))
    #expect(mixed.problems[0].remedy == "on a: rsync /opt/cnn-mpi-0 b:/opt/cnn-mpi-2")
    // The majority is right, also where rank 0 is not in it.
    #expect(
      texts(check("a b c") { $0 == 0 ? "2" : "1" })[0].hasPrefix(
        "!rank 0 (a) runs another binary than ranks 1-2"))
    #expect(
      check("a a") { "\($0)" }.problems[0].remedy
        == "start the same file on all ranks: mpirun -np 2 /opt/cnn-mpi-0")
    #expect(texts(check("a a") { $0 == 0 ? "1" : nil }) == ["rank 1 (a) cannot read the own program: gone"])
  }
}

@Suite struct PlacementCheckTests {
  /// - Parameter hardwareThreads: of a core; those of one core have numbers that follow each other.
  private func check(
    _ hosts: String, hostCores: Int, threads: Int? = nil, hardwareThreads: Int = 1, _ cores: (Int) -> [Int]
  ) -> PlacementCheck {
    PlacementCheck(
      byRank(hosts) { rank in
        PlacementCheck.Rank(
          cores: cores(rank),
          physicalCores: Set(cores(rank).map { $0 / hardwareThreads * hardwareThreads }).sorted(),
          hostCores: hostCores, physicalHostCores: hostCores / hardwareThreads)
      }, threads: threads)
  }

  @Test func coresOfTheirOwnAreFine() {
    let check = check("a a b", hostCores: 4) { [[0, 1], [2, 3], [0, 1]][$0] }
    #expect(check.problems.isEmpty && check.oversubscribedHosts.isEmpty)
    #expect(check.facts == "a: rank 0 on cores 0-1, rank 1 on cores 2-3; b: rank 2 on cores 0-1")
  }

  @Test func oversubscriptionIsNamed() {
    let more = check("a a a b", hostCores: 2) { _ in [0, 1] }
    #expect(more.oversubscribedHosts == ["a"])
    #expect(texts(more).count == 1 && texts(more)[0].hasPrefix("a: 3 ranks share 2 cores (oversubscribed)"))
    #expect(more.problems[0].remedy.contains("--map-by ppr:2:node"))
    // There are cores enough, but not for them.
    let bound = check("a a", hostCores: 8) { _ in [5] }
    #expect(
      texts(bound)[0].contains("2 ranks share 1 core")
        && texts(bound)[0].hasSuffix("7 cores of the host are not theirs"))
    #expect(bound.problems[0].remedy.contains("slot:PE=4"))
  }

  @Test func moreThreadsThanCoresAreNamed() {
    func bound(_ threads: Int?, hostCores: Int) -> PlacementCheck {
      check("a a", hostCores: hostCores, threads: threads) { [$0] }
    }
    #expect(bound(nil, hostCores: 2).problems.isEmpty && bound(1, hostCores: 2).problems.isEmpty)
    let two = bound(8, hostCores: 2)
    #expect(
      texts(two) == [
        "a: 2 ranks of 8 threads share 2 cores (oversubscribed): threads wait for each other, and times say nothing"
      ])
    #expect(two.problems[0].remedy == "lower the threads of a rank to 1" && two.oversubscribedHosts.isEmpty)
    let many = bound(8, hostCores: 16)
    #expect(texts(many).count == 1 && texts(many)[0].hasSuffix("; 14 cores of the host are not theirs"))
    #expect(many.problems[0].remedy.contains("--map-by slot:PE=8, or ask the batch system for 16 cores"))
    #expect(
      texts(check("a", hostCores: 2, threads: 3) { _ in [0, 1] })[0].hasPrefix(
        "a: 1 rank of 3 threads has 2 cores (oversubscribed)"))
    // There are cores enough for all, but not for one of them.
    let uneven = check("a a", hostCores: 4, threads: 2) { [[0], [1, 2, 3]][$0] }
    #expect(texts(uneven)[0].hasPrefix("a: rank 0 of 2 threads has 1 core (oversubscribed)"))
  }

  @Test func hardwareThreadsOfACoreAreNoCores() {
    let one = check("a a", hostCores: 4, hardwareThreads: 2) { [$0] }
    #expect(one.oversubscribedHosts == ["a"] && texts(one).count == 1)
    #expect(texts(one)[0].hasPrefix("a: 2 ranks share 1 core of 2 hardware threads (oversubscribed)"))
    #expect(texts(one)[0].hasSuffix("; 1 core of the host is not theirs"))
    #expect(one.problems[0].remedy.contains("slot:PE=1"))
    #expect(check("a a", hostCores: 4, hardwareThreads: 2) { [2 * $0, 2 * $0 + 1] }.problems.isEmpty)
    let across = check("a a", hostCores: 4, hardwareThreads: 2) { [[0, 2], [1, 3]][$0] }
    #expect(texts(across) == ["a: ranks 0-1 share cores 0,2, and wait for each other there"])
  }

  @Test func overlapsAreNamed() {
    let overlapping = check("a a a", hostCores: 8) { [[0, 1, 2], [2, 3], [6, 7]][$0] }
    #expect(texts(overlapping) == ["a: ranks 0-1 share core 2, and wait for each other there"])
    let unbound = check("a a", hostCores: 4) { _ in [0, 1, 2, 3] }
    #expect(
      texts(unbound).count == 1
        && texts(unbound)[0].hasPrefix("a: 2 ranks are not bound: each may run on all of cores 0-3"))
    #expect(unbound.problems[0].remedy.contains("slot:PE=2"))
    #expect(check("a", hostCores: 4) { _ in [0, 1, 2, 3] }.problems.isEmpty)
  }

  @Test func aThousandRanksAreSaidInOneLine() {
    let check = check(cluster(125, ranks: 8), hostCores: 8) { _ in Array(0..<8) }
    #expect(check.facts == "125 hosts with 8 ranks on 8 of 8 cores")
    #expect(texts(check).count == 1)
    #expect(texts(check)[0].hasPrefix("node0, node1, node2 and 122 more hosts: 8 ranks are not bound"))
  }

  @Test func longListsOfRanksAreCut() {
    let hosts = (0..<500).map { "node\($0 / 8)" }
    let list = rankList(Array(stride(from: 0, to: 500, by: 2)), hosts: hosts)
    #expect(
      list
        == "ranks 0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,... (250 of them) (node0, node1, node2 and 60 more hosts)"
    )
    #expect(rankList([3], hosts: hosts) == "rank 3 (node0)")
  }
}
