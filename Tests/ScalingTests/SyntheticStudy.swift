import Files
import Foundation
import Scaling
import Tensors

/// A study whose times follow a law that is known, with noise: what `scaling run` leaves, without running.
struct SyntheticStudy {
  var kind = ScalingKind.strong
  var ranks = [1, 2, 4, 8, 16]
  var repeats = 3
  /// Images a step, or a step and rank.
  var batch = 1024
  /// a, s and v of `StepModel`.
  var secondsPerImage = 40e-6
  var serialSeconds = 300e-6
  var visibleShare = 0.6
  /// alpha and 1 / beta of `AllReduceModel`.
  var latency = 5e-6
  var bandwidth = 5e9
  /// Factor on the time of every second size of MPI_Allreduce, for which no latency and bandwidth fit.
  var unevenness = 1.0
  /// Standard deviation of the times' logarithms.
  var noise = 0.0
  var model = "mnist-cnn"
  /// Of the configuration, as JSON.
  var options = [
    "optimizer": #""sgd""#, "reproducible": "false", "compression": #""none""#, "hierarchical": "false",
    "save_every": #""none""#, "records": #""csv""#, "log_every": "50", "verbosity": #""quiet""#, "keep": "3",
  ]
  var threads = 1
  /// Ranks beyond share cores.
  var cores = 1024
  var hasHiddenTimes = true
  /// Of oversubscribed runs, which follow no law.
  var slowdown = 5.0

  static let parameters = 225_034
  static let buckets = 4

  func imagesPerRank(_ ranks: Int) -> Double {
    kind == .strong ? (Double(batch) / Double(ranks)).rounded(.up) : Double(batch)
  }

  func globalBatch(_ ranks: Int) -> Int { kind == .strong ? batch : batch * ranks }

  func allReduceSeconds(_ bytes: Double, messages: Double, ranks: Int) -> Double {
    var (powers, rounds) = (1, 0.0)
    while powers < ranks { (powers, rounds) = (2 * powers, rounds + 1) }
    return messages * 2 * rounds * latency + 2 * Double(ranks - 1) / Double(ranks) * bytes / bandwidth
  }

  func computeSeconds(_ ranks: Int) -> Double { secondsPerImage * imagesPerRank(ranks) + serialSeconds }

  func reductionSeconds(_ ranks: Int) -> Double {
    allReduceSeconds(Double(Self.parameters * 4), messages: Double(Self.buckets), ranks: ranks)
  }

  func waitingSeconds(_ ranks: Int) -> Double { visibleShare * reductionSeconds(ranks) }

  func imagesPerSecond(_ ranks: Int) -> Double {
    Double(globalBatch(ranks)) / (computeSeconds(ranks) + waitingSeconds(ranks))
  }

  func halfCommunicationRanks() -> Int? { (2...1024).first { waitingSeconds($0) >= computeSeconds($0) } }

  func write(to directory: String) throws {
    var random = RandomStream(seed: 7, purpose: .benchmark)
    func factor() -> Double { exp(noise * Double(random.normal())) }
    for ranks in ranks {
      for repetition in 1...repeats {
        let run = "\(directory)/\(ScalingStudy.runName(kind, ranks: ranks, repetition: repetition))"
        let slow = ranks * threads > cores ? slowdown : 1
        try writeRun(
          run, ranks, compute: computeSeconds(ranks) * slow * factor(),
          waiting: waitingSeconds(ranks) * slow * factor())
        guard ranks > 1 else { continue }
        let sizes = (1...13).map { power in
          let bytes = 1 << (2 * power)
          let uneven = power % 2 == 0 ? unevenness : 1
          let seconds = allReduceSeconds(Double(bytes), messages: 1, ranks: ranks) * slow * uneven * factor()
          return #"{"bytes": \#(bytes), "microseconds": \#(1e6 * seconds)}"#
        }
        let times =
          #"{"benchmark": "allreduce", "environment": \#(environment(ranks)), "ranks": \#(ranks), "#
          + #""sizes": [\#(sizes.joined(separator: ", "))]}"#
        try writeAtomically(Array(times.utf8), to: run + ScalingStudy.allReduceSuffix)
      }
    }
  }

  /// Three epochs of 40,000 images, the first ten times as slow as it should be.
  func writeRun(
    _ directory: String, _ ranks: Int, compute: Double, waiting: Double, status: String = "completed"
  ) throws {
    let samples = 40_000
    let steps = Double(samples) / Double(globalBatch(ranks))
    let epochs = [10.0, 1, 1].map { slow in
      let hidden =
        hasHiddenTimes ? #", "hidden_communication_seconds": \#(steps * (1 - visibleShare) * waiting)"# : ""
      return
        #"{"epoch": 1, "compute_seconds": \#(slow * steps * compute * 0.98), "#
        + #""communication_seconds": \#(slow * steps * waiting), "#
        + #""data_seconds": \#(slow * steps * compute * 0.02)\#(hidden)}"#
    }
    let options = options.sorted { $0.key < $1.key }.map { #""\#($0.key)": \#($0.value)"# }
      .joined(separator: ", ")
    let record = """
      {"status": "\(status)", "configuration": {\(options), "bucket_kilobytes": 256, "seed": \(ranks),
       "out": "\(directory)"},
       "environment": \(environment(ranks)), "model": "\(model)", "model_parameters": \(Self.parameters),
       "world_size": \(ranks), "threads": \(threads), "global_batch": \(globalBatch(ranks)),
       "micro_batch": 32, "train_samples": \(samples), "test_samples": 1000, "peak_learning_rate": 0.01,
       "started": "2026-11-25T12:00:00Z", "epochs_completed": 3, "epoch_times": [\(epochs.joined(separator: ", "))]}
      """
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    try writeAtomically(Array(record.utf8), to: "\(directory)/run.json")
    let rows = [10.0, 1, 1].enumerated().map { number, slow in
      "\(number + 1),1,0.5,1,0.5,\(slow * steps * (compute + waiting))\n"
    }
    let metrics = "epoch,train_loss,train_accuracy,test_loss,test_accuracy,seconds\n" + rows.joined()
    try writeAtomically(Array(metrics.utf8), to: "\(directory)/metrics.csv")
  }

  /// All ranks on one host, rank r bound to core r modulo `cores`, or with threads to as many.
  private func environment(_ ranks: Int) -> String {
    let hosts = (0..<ranks).map { _ in #""node1""# }.joined(separator: ", ")
    let masks = (0..<ranks).map { rank in
      let first = rank * threads % cores
      return threads == 1 ? #""\#(first)""# : #""\#(first)-\#(first + threads - 1)""#
    }.joined(separator: ", ")
    return
      #"{"version": "0.1.0", "hosts": [\#(hosts)], "cores": [\#(masks)], "cpu": "<CPU> & co", "mpi": "Open MPI", "#
      + #""blas": "OpenBLAS", "blas_kernel": "SkylakeX"}"#
  }
}
