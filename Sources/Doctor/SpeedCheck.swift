import Benchmarks
import Glibc
import Kernels
import Parallel
import Reporting
import System
import Tensors

/// How fast each rank computes, while all others compute too.
package struct SpeedCheck: Check {
  package static let name = "sgemm"

  package struct Rank: Codable, Equatable {
    /// GFLOP/s of the fastest product, on one core: the mean over some tenths of a second, so that what the
    /// rank has to leave to others counts.
    package var gflops: Double
    /// CPU time over time, of the thread that measured: less than 1 when it had to wait for its core.
    package var cpuShare: Double
    /// How often the CPU was slowed down by its temperature meanwhile; nil where the kernel does not say.
    package var throttled: Int?

    package init(gflops: Double, cpuShare: Double, throttled: Int? = nil) {
      self.gflops = gflops
      self.cpuShare = cpuShare
      self.throttled = throttled
    }
  }

  /// A rank is slow below this share of the median. Cores of one kind differ by a few percent from run to
  /// run, and by up to ten with the frequencies that their neighbours allow them. A slower one has another
  /// reason, and makes every step at least a quarter longer, as all ranks wait for it.
  static let slowShare = 0.8

  /// A core that is a rank's own gives it all its time.
  static let leastCPUShare = 0.9

  let ranks: ByRank<Rank>
  /// With more ranks than cores each is slow in turn.
  private let oversubscribedHosts: Set<String>

  private enum CodingKeys: CodingKey { case ranks }

  package init(_ ranks: ByRank<Rank>, oversubscribedHosts: [String]) {
    self.ranks = ranks
    self.oversubscribedHosts = Set(oversubscribedHosts)
  }

  init(_ world: World, oversubscribedHosts: [String], _ files: KernelFiles = KernelFiles()) throws {
    BLAS.useOneThread()
    let cores = world.cores[world.rank].sorted()
    try world.communicator.barrier()
    let throttles = Self.throttleCount(cores, files)
    let cpuBefore = Self.threadTime()
    var watch = Stopwatch()
    let rates = GemmShape.brief.map { shape in
      world.pulse.beat()
      let times = shape.measure(repetitions: 10, seconds: 0.02).values
      return shape.flop * Double(times.count) / times.reduce(0, +) / 1e9
    }
    let seconds = watch.lap()
    let own = Rank(
      gflops: rates.max()!, cpuShare: (Self.threadTime() - cpuBefore) / seconds,
      throttled: throttles.flatMap { before in Self.throttleCount(cores, files).map { $0 - before } })
    self.init(try ByRank(gathering: own, world), oversubscribedHosts: oversubscribedHosts)
  }

  /// Seconds of CPU time of this thread.
  private static func threadTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  private static func throttleCount(_ cores: [Int], _ files: KernelFiles) -> Int? {
    let counts = cores.compactMap {
      files.number("/sys/devices/system/cpu/cpu\($0)/thermal_throttle/core_throttle_count")
    }
    return counts.isEmpty ? nil : Int(counts.reduce(0, +))
  }

  /// The median speed of the ranks that are judged.
  private var median: Double { Samples(judged.map { ranks[$0].gflops }).median }

  package var facts: String {
    let rates = Samples(ranks.facts.map(\.gflops))
    let range = "\(decimal(rates.minimum, 0)) to \(decimal(rates.maximum, 0))"
    return ranks.count == 1
      ? "\(decimal(rates.median, 0)) GFLOP/s on one core"
      : "\(decimal(rates.median, 0)) GFLOP/s a core (\(range)), all ranks at once, one thread each"
  }

  package var problems: [Problem] { slow + busy + hot }

  private var judged: [Int] {
    ranks.facts.indices.filter { !oversubscribedHosts.contains(ranks.hosts[$0]) }
  }

  private var slowRanks: [Int] {
    guard !judged.isEmpty else { return [] }
    let least = Self.slowShare * median
    return judged.filter { !(ranks[$0].gflops >= least) }
  }

  private var slow: [Problem] {
    let slow = slowRanks
    guard let slowest = slow.min(by: { ranks[$0].gflops < ranks[$1].gflops }) else { return [] }
    let rank = ranks[slowest]
    let reason =
      isBusy(slowest) ? "; it got \(percent(rank.cpuShare)) of its core, as something else runs there" : ""
    let all = slow.count == 1 ? "" : "; below \(percent(Self.slowShare)) are \(ranks.named(slow))"
    return [
      .warning(
        "\(ranks.named([slowest])) computes at \(decimal(rank.gflops, 0)) GFLOP/s, "
          + "\(percent(rank.gflops / median)) of the median \(decimal(median, 0)), and all ranks wait for it\(reason)\(all)",
        remedy: look(at: slowest) + (ranks.distinctHosts.count == 1 ? "" : "; or leave that host out"))
    ]
  }

  /// Ranks that are as fast as others, as these too have to leave their cores to something else.
  private var busy: [Problem] {
    let slow = slowRanks
    let busy = judged.filter { isBusy($0) && !slow.contains($0) }
    guard let worst = busy.min(by: { ranks[$0].cpuShare < ranks[$1].cpuShare }) else { return [] }
    let share = percent(ranks[worst].cpuShare)
    let got = busy.count == 1 ? "\(share) of its core" : "less than their cores (rank \(worst): \(share))"
    return [.warning("\(ranks.named(busy)) got \(got): something else runs there", remedy: look(at: worst))]
  }

  private func isBusy(_ rank: Int) -> Bool { !(ranks[rank].cpuShare >= Self.leastCPUShare) }

  private func look(at rank: Int) -> String {
    let command = "top -b -n 1 | head -20"
    return
      "find what runs there: \(ranks.distinctHosts.count == 1 ? command : "ssh \(ranks.hosts[rank]) \(command)")"
  }

  private func percent(_ share: Double) -> String { "\(decimal(100 * share, 0)) %" }

  private var hot: [Problem] {
    let hot = ranks.facts.indices.filter { (ranks[$0].throttled ?? 0) > 0 }
    guard !hot.isEmpty else { return [] }
    return [
      .warning(
        "\(ranks.named(hot)): the CPU got too hot and slowed down while it was measured",
        remedy: "have the cooling of \(ranks.hosts[hot[0]]) looked at, or leave it out")
    ]
  }
}
