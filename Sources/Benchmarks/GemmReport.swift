import MPI
import Parallel
import Reporting
import Runs

/// `cnn-mpi bench gemm`: how fast one core multiplies matrices.
struct GemmReport: BenchmarkReport {
  struct Row: Encodable {
    let name: String
    let m: Int
    let n: Int
    let k: Int
    let transposeA: Bool
    let transposeB: Bool
    let microseconds: Double
    /// Median, slowest and fastest repetition.
    let gflops: Double
    let gflopsMin: Double
    let gflopsMax: Double
    let percentOfPeak: Double
  }

  let benchmark = Benchmark.gemm.rawValue
  let environment: RunEnvironment
  /// What costs speed and can be mended.
  let warnings: [String]
  /// They measure at the same time; the shapes are rank 0's.
  let ranks: Int
  let repetitions: Int
  /// The best median.
  let peakGflops: Double
  /// The peaks of the slowest and the fastest rank.
  let peakGflopsMin: Double
  let peakGflopsMax: Double
  let shapes: [Row]

  init(_ configuration: BenchmarkConfiguration, _ world: World, _ environment: RunEnvironment) throws {
    let peak = try GemmPeak(world, repetitions: configuration.repetitions)
    self.environment = environment
    warnings = try world.placementWarnings()
    ranks = world.size
    repetitions = configuration.repetitions
    peakGflops = peak.own
    peakGflopsMin = try world.communicator.allReduce(peak.own, .minimum)
    peakGflopsMax = try world.communicator.allReduce(peak.own, .maximum)
    shapes = zip(GemmShape.all, peak.rates).map { shape, rates in
      Row(
        name: shape.name, m: shape.m, n: shape.n, k: shape.k, transposeA: shape.transposeA,
        transposeB: shape.transposeB, microseconds: shape.flop / rates.median / 1e3, gflops: rates.median,
        gflopsMin: rates.minimum, gflopsMax: rates.maximum, percentOfPeak: 100 * rates.median / peak.own)
    }
  }

  var text: String {
    var facts = [("sgemm peak", "\(decimal(peakGflops, 1)) GFLOP/s a core, the best median")]
    if ranks > 1 {
      facts.append(("over ranks", "\(decimal(peakGflopsMin, 1)) to \(decimal(peakGflopsMax, 1)) GFLOP/s"))
    }
    let rows = shapes.map { row in
      [
        row.name, "\(row.m)", "\(row.n)", "\(row.k)",
        (row.transposeA ? "T" : "N") + (row.transposeB ? "T" : "N"), decimal(row.microseconds, 1),
        decimal(row.gflops, 1), decimal(row.gflopsMin, 1), decimal(row.gflopsMax, 1),
        decimal(row.percentOfPeak, 1),
      ]
    }
    return reportText(benchmark, environment, repetitions, ranks, facts, warnings: warnings)
      + columns(["product", "m", "n", "k", "A B", "us", "GFLOP/s", "min", "max", "% of peak"], rows)
  }
}
