import MPI
import Parallel
import Reporting
import Runs
import Tensors

/// `cnn-mpi bench allreduce`: how long a sum of floats over all ranks takes, by size.
struct AllReduceReport: BenchmarkReport {
  struct Row: Encodable {
    let bytes: Int
    /// Median, fastest and slowest repetition.
    let microseconds: Double
    let microsecondsMin: Double
    let microsecondsMax: Double
    /// Bytes over the median time.
    let gigabytesPerSecond: Double
  }

  struct Fit: Encodable {
    let latencyMicroseconds: Double
    /// Nil when the time does not grow with the size: for one rank alone.
    let bandwidthGigabytesPerSecond: Double?
    /// Root mean square over the sizes.
    let relativeError: Double
  }

  /// 4 B to 64 MiB in powers of 4.
  static let sizes = (1...13).map { 1 << (2 * $0) }

  let benchmark = Benchmark.allreduce.rawValue
  let environment: RunEnvironment
  let ranks: Int
  let repetitions: Int
  let sizes: [Row]
  /// The line time = latency + bytes / bandwidth that fits the sizes best.
  let fit: Fit

  init(_ configuration: BenchmarkConfiguration, _ world: World, _ environment: RunEnvironment) throws {
    self.environment = environment
    ranks = world.size
    repetitions = configuration.repetitions
    let memory = SharedBuffer<Float>(repeating: 0, count: Self.sizes.last! / MemoryLayout<Float>.stride)
    let times = try Self.sizes.map { bytes in
      try Self.measure(
        memory, bytes / MemoryLayout<Float>.stride, world, repetitions: configuration.repetitions)
    }
    sizes = zip(Self.sizes, times).map { bytes, times in
      Row(
        bytes: bytes, microseconds: times.median * 1e6, microsecondsMin: times.minimum * 1e6,
        microsecondsMax: times.maximum * 1e6, gigabytesPerSecond: Double(bytes) / times.median / 1e9)
    }
    let line = LatencyBandwidth(fitting: zip(Self.sizes, times).map { ($0, $1.median) })
    fit = Fit(
      latencyMicroseconds: line.latency * 1e6, bandwidthGigabytesPerSecond: line.bandwidth.map { $0 / 1e9 },
      relativeError: line.relativeError)
  }

  /// Seconds a sum of `count` floats, from a common start to the slowest rank's end.
  private static func measure(
    _ memory: SharedBuffer<Float>, _ count: Int, _ world: World, repetitions: Int
  ) throws -> Samples {
    func reduce() throws {
      var values = memory.mutableSpan(first: count)
      try world.communicator.allReduce(&values, .sum)
    }
    func measure(_ count: Int) throws -> Double { try world.seconds(of: count, reduce) }
    return try Timing(seconds: 0.01, repetitions: repetitions, measure).run(measure)
  }
}

extension AllReduceReport {
  var text: String {
    let rows = sizes.map { row in
      [
        grouped(row.bytes), decimal(row.microseconds, 2), decimal(row.microsecondsMin, 2),
        decimal(row.microsecondsMax, 2), decimal(row.gigabytesPerSecond, 3),
      ]
    }
    let bandwidth = fit.bandwidthGigabytesPerSecond.map { "\(decimal($0, 2)) GB/s" } ?? "no limit found"
    let facts = [
      ("MPI", environment.mpi),
      ("latency", "\(decimal(fit.latencyMicroseconds, 2)) us"),
      ("bandwidth", bandwidth),
      ("fit", "latency + bytes / bandwidth, \(decimal(100 * fit.relativeError, 0)) % off on average"),
    ]
    let note = ranks == 1 ? "\n\nOne rank alone sends nothing: run it under mpirun." : ""
    return reportText(benchmark, environment, repetitions, ranks, facts)
      + columns(["bytes", "us", "min", "max", "GB/s"], rows) + note
  }
}
