import Doctor
import TestSupport
import Testing

/// CPUs, BLAS, sgemm, messages, clocks.
@Suite struct SpeedTests {
  private func cpu(_ hosts: String, _ change: (Int, inout CPUCheck.Rank) -> Void) -> CPUCheck {
    CPUCheck(
      byRank(hosts) { rank in
        var facts = CPUCheck.Rank(model: "EPYC", cores: [rank], cgroup: "/job", quota: nil, frequencyLimit: 1)
        change(rank, &facts)
        return facts
      })
  }

  @Test func mixedCPUsAreNamed() {
    #expect(cpu("a b") { _, _ in }.problems.isEmpty && cpu("a b") { _, _ in }.facts == "EPYC")
    let mixed = texts(cpu("a a b") { if $0 == 2 { $1.model = "Xeon" } })
    #expect(
      mixed == [
        "hosts have different CPUs, and all ranks wait for the slowest: EPYC on ranks 0-1 (a), Xeon on rank 2 (b)"
      ])
  }

  @Test func aQuotaBelowTheCoresIsNamed() {
    let limited = cpu("a a b") { if $0 < 2 { $1.quota = 1.5 } }
    #expect(
      texts(limited).count == 1
        && texts(limited)[0].hasPrefix("a: the control group allows 1.5 CPUs, but 2 ranks run on 2 cores"))
    #expect(limited.facts == "EPYC, control groups allow 1.5 of the CPUs")
    #expect(cpu("a a") { $1.quota = 2 }.problems.isEmpty)
    // Each rank in a group of its own has its own quota.
    #expect(cpu("a a") { ($1.quota, $1.cgroup) = (1, "/job/\($0)") }.problems.isEmpty)
  }

  @Test func aCappedFrequencyIsNamed() {
    #expect(
      texts(cpu("a b") { if $0 == 1 { $1.frequencyLimit = 0.5 } }) == [
        "rank 1 (b): the frequency is limited to 50 % of what the CPU can"
      ])
    #expect(
      cpu("a") { $1.frequencyLimit = 0.8 }.problems.isEmpty
        && cpu("a") { $1.frequencyLimit = nil }.problems.isEmpty)
  }

  @Test func mixedAndSlowKernelsAreNamed() {
    func check(_ change: (Int, inout BLASCheck.Rank) -> Void) -> BLASCheck {
      BLASCheck(
        byRank("a a b") { rank in
          var facts = BLASCheck.Rank(version: "0.3.21", kernel: "SkylakeX", threads: 1)
          change(rank, &facts)
          return facts
        })
    }
    #expect(
      check { _, _ in }.problems.isEmpty && check { _, _ in }.facts == "OpenBLAS 0.3.21, SkylakeX kernel")
    let mixed = check {
      if $0 == 2 { ($1.kernel, $1.slow, $1.slowRemedy) = ("Haswell", "slow it is", "mend it so") }
    }
    #expect(
      texts(mixed).count == 2 && texts(mixed)[0].contains("SkylakeX on ranks 0-1 (a), Haswell on rank 2 (b)"))
    #expect(mixed.problems[1] == .warning("rank 2 (b): slow it is", remedy: "mend it so"))
    #expect(texts(check { $1.slow = "slow it is" }) == ["slow it is"])
    #expect(texts(check { if $0 == 0 { $1.version = "0.3.29" } }).count == 1)
    #expect(check { $1.coretype = "SkylakeX" }.facts.hasSuffix(", pinned by OPENBLAS_CORETYPE=SkylakeX"))
  }

  private func speed(
    _ hosts: String, full: [String] = [], _ rates: [Double], shares: [Double]? = nil, throttled: Int? = nil
  )
    -> SpeedCheck
  {
    SpeedCheck(
      byRank(hosts) { SpeedCheck.Rank(gflops: rates[$0], cpuShare: shares?[$0] ?? 1, throttled: throttled) },
      oversubscribedHosts: full)
  }

  @Test func aSlowRankIsNamed() {
    #expect(speed("a a b b", [230, 231, 190, 229]).problems.isEmpty)
    let slow = speed("a a b b", [230, 231, 120, 229])
    #expect(
      texts(slow) == ["rank 2 (b) computes at 120 GFLOP/s, 52 % of the median 230, and all ranks wait for it"]
    )
    #expect(slow.facts == "230 GFLOP/s a core (120 to 231), all ranks at once, one thread each")
    #expect(
      texts(speed("a a b b c", [230, 231, 120, 100, 229]))[0].hasSuffix(
        "wait for it; below 80 % are ranks 2-3 (b)"))
    #expect(texts(speed("a b c", [230, .nan, 229])).count == 1)
    #expect(speed("a", [3]).problems.isEmpty)
  }

  @Test func aBusyCoreIsNamedOnce() {
    let busy = texts(speed("a a b", [230, 231, 120], shares: [1, 0.97, 0.52]))
    #expect(
      busy.count == 1
        && busy[0].hasSuffix("wait for it; it got 52 % of its core, as something else runs there"))
    let all = texts(speed("a a", [120, 121], shares: [0.5, 0.52]))
    #expect(all == ["ranks 0-1 (a) got less than their cores (rank 0: 50 %): something else runs there"])
    #expect(speed("a a", full: ["a"], [120, 60], shares: [0.5, 0.3]).problems.isEmpty)
  }

  @Test func aHotCPUIsNamed() {
    #expect(
      texts(speed("a a", [230, 231], throttled: 2)) == [
        "ranks 0-1 (a): the CPU got too hot and slowed down while it was measured"
      ])
    #expect(speed("a a", [230, 231], throttled: 0).problems.isEmpty)
  }

  @Test func allReduceIsFittedAndJudged() {
    // 20 us and 1 GB/s.
    func sizes(_ latency: Double) -> [AllReduceCheck.Size] {
      AllReduceCheck.allSizes.map { AllReduceCheck.Size(bytes: $0, microseconds: latency + Double($0) / 1e3) }
    }
    let check = AllReduceCheck(ranks: 4, sizes: sizes(20), isOversubscribed: false)
    #expect(abs(check.latencyMicroseconds! - 20) < 1e-6 && abs(check.bandwidthGigabytesPerSecond! - 1) < 1e-9)
    #expect(check.problems.isEmpty && check.facts == "4 B in 20.0 us, 4 MB in 4.21 ms (0.995 GB/s), 4 ranks")
    // 4 ranks take two messages one after the other, 1,000 take ten.
    #expect(texts(AllReduceCheck(ranks: 4, sizes: sizes(2500), isOversubscribed: false)).count == 1)
    #expect(AllReduceCheck(ranks: 1000, sizes: sizes(2500), isOversubscribed: false).problems.isEmpty)
    #expect(AllReduceCheck(ranks: 4, sizes: sizes(2500), isOversubscribed: true).problems.isEmpty)
    #expect(
      AllReduceCheck(ranks: 1, sizes: [], isOversubscribed: false).facts == "one rank alone sends nothing")
  }

  @Test(arguments: 1...9)
  func linksAreMeasuredOnceAndNoRankTwiceAtATime(ranks: Int) {
    let links = 0..<LinkMeasurement.count(ranks: ranks)
    #expect(links.count == (ranks > 2 ? ranks : ranks - 1))
    for phase in 0..<3 {
      let ends = links.filter { LinkMeasurement.phase(ofLink: $0, ranks: ranks) == phase }.flatMap {
        [$0, ($0 + 1) % ranks]
      }
      #expect(Set(ends).count == ends.count, "ranks \(ends) in phase \(phase)")
    }
    #expect(links.allSatisfy { 0..<3 ~= LinkMeasurement.phase(ofLink: $0, ranks: ranks) })
  }

  @Test func aSlowLinkIsNamed() {
    let hosts = ["a", "a", "b", "b", "c", "c", "d", "d"]
    func check(full: Bool = false, _ change: (inout [NeighbourCheck.Link]) -> Void) -> NeighbourCheck {
      var links = hosts.indices.map { rank in
        let ends = [rank, (rank + 1) % hosts.count]
        let between = hosts[ends[0]] != hosts[ends[1]]
        return NeighbourCheck.Link(
          ranks: ends, hosts: ends.map { hosts[$0] }, latencyMicroseconds: between ? 40 : 1,
          gigabytesPerSecond: between ? 1.1 : 8)
      }
      change(&links)
      return NeighbourCheck(links, isOversubscribed: full)
    }
    let fine = check { _ in }
    #expect(
      fine.problems.isEmpty
        && fine.facts == "within a host 1.00 us, 8.00 GB/s; between hosts 40.0 us, 1.10 GB/s")
    let slow = check { $0[3].gigabytesPerSecond = 0.1 }
    #expect(
      texts(slow) == [
        "slow between ranks 3 and 4 (b to c): 40.0 us, 0.100 GB/s, where others have 40.0 us, 1.10 GB/s"
      ])
    #expect(
      texts(check { $0[2].latencyMicroseconds = 50 }) == [
        "slow between ranks 2 and 3 (b): 50.0 us, 8.00 GB/s, where others have 1.00 us, 8.00 GB/s"
      ])
    #expect(check(full: true) { $0[3].gigabytesPerSecond = 0.1 }.problems.isEmpty)
    // Of two links nobody can tell which is the odd one.
    #expect(NeighbourCheck(Array(slow.links[3...4]), isOversubscribed: false).problems.isEmpty)
  }

  @Test func aSkewedClockIsNamed() {
    func check(_ ahead: [Double], _ uncertainty: Double = 1e-4) -> ClockCheck {
      ClockCheck(
        ahead.enumerated().map {
          ClockCheck.Clock(host: "node\($0 + 1)", aheadSeconds: $1, uncertaintySeconds: uncertainty)
        },
        host: "node0")
    }
    #expect(check([]).facts == "one host, one clock" && check([0.002, -0.9]).problems.isEmpty)
    #expect(check([0.002, -0.9]).facts == "3 hosts within 900 ms (+- 100 us)")
    #expect(texts(check([0, -3]))[0].hasPrefix("the clock of node2 is 3.00 s behind that of node0: "))
    #expect(
      texts(check([90, 2]))[0].hasPrefix(
        "the clock of node1 is 90.0 s ahead of that of node0 (off too: node2): "))
    #expect(check([1.05], 0.1).problems.isEmpty, "what is not certain was said")
  }
}
