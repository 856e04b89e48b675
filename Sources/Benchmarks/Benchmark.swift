import Parallel
import Reporting
import Runs

/// The kinds of benchmarks: `cnn-mpi bench KIND`.
package enum Benchmark: String, CaseIterable, Sendable { case gemm, layers, step, loader, allreduce }

/// What a benchmark is to measure. Not every kind looks at everything.
package struct BenchmarkConfiguration: Sendable {
  /// Model, batch, threads, seed and buckets, as in training.
  package var training = TrainingConfiguration()
  /// Inference alone: no backward pass, and no memory for gradients.
  package var forwardOnly = false
  /// How often each thing is measured; the median counts.
  package var repetitions = 7
  package var json = false

  package init() {}
}

/// What a benchmark found: JSON for programs, `text` for people.
package protocol BenchmarkReport: Encodable {
  var text: String { get }
}

/// Runs a benchmark on all ranks of `world`.
///
/// - Returns: what rank 0 is to print, as text or JSON.
/// - Throws: the same error on all ranks, or an `MPIError` after which the ranks must be aborted.
package func bench(
  _ kind: Benchmark, _ configuration: BenchmarkConfiguration, in world: World, version: String
) throws -> String {
  let environment = RunEnvironment(world, version: version)
  let report: any BenchmarkReport =
    switch kind {
    case .gemm: try GemmReport(configuration, world, environment)
    case .layers: try LayersReport(configuration, world, environment)
    case .step: try StepReport(configuration, world, environment)
    case .loader: try LoaderReport(configuration, world, environment)
    case .allreduce: try AllReduceReport(configuration, world, environment)
    }
  return configuration.json ? String(decoding: try prettyJSON(report), as: UTF8.self) : report.text + "\n"
}

/// The head of a report: what was measured where.
func reportText(
  _ benchmark: String, _ environment: RunEnvironment, _ repetitions: Int, _ ranks: Int,
  _ facts: [(name: String, value: String)], warnings: [String] = []
) -> String {
  let common: [(name: String, value: String)] = [
    ("BLAS", "\(environment.blas), \(environment.blasKernel) kernel, on \(environment.cpu)"),
    ("ranks", "\(ranks)"),
    ("repetitions", "\(repetitions)"),
  ]
  return "cnn-mpi \(environment.version) bench \(benchmark)\n" + table(common + facts) + "\n"
    + warnings.map { "warning: \($0)\n" }.joined() + "\n"
}
