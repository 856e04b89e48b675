import Data
import Engine
import Models
import Networks
import Parallel
import Reporting
import System

/// More memory is needed than this process may have: said before it is asked for, as the kernel would kill the
/// process, or a library would try for ever.
package struct MemoryError: Error, CustomStringConvertible {
  let purpose: String
  let need: MemoryNeed
  let limit: MemoryLimit
  /// Processes that share it.
  let sharers: Int
  let hint: String

  package var description: String {
    let share = sharers > 1 ? "a rank's share of " : ""
    return
      "\(purpose) takes at least \(amount(limit.demand(need))) a rank, and \(share)\(limit.words) of "
      + "\(amount(limit.size)) leaves \(amount(max(limit.left(sharers: sharers), 0))); \(hint)"
  }

  private func amount(_ bytes: Double) -> String {
    bytes < 9.995e9 ? "\(decimal(bytes / 1e9, 2)) GB" : gigabytes(bytes)
  }
}

extension MemoryError {
  /// What MPI takes to start, measured with Open MPI 4.1: libraries, threads and shared memory.
  private static let mpi = MemoryNeed(written: 30e6, reserved: 130e6)

  /// Why a rank cannot even start MPI, which crashes without memory; nil where it can.
  package static func beforeMPI(_ limits: [MemoryLimit] = MemoryLimit.all()) -> MemoryError? {
    limits.first { $0.left(sharers: 1) < $0.demand(mpi) }.map {
      MemoryError(purpose: "starting MPI", need: mpi, limit: $0, sharers: 1, hint: "raise that limit")
    }
  }
}

extension World {
  /// Called by all ranks.
  ///
  /// - Throws: on all ranks, when one may not have as much memory as it needs.
  package func requireMemory(_ need: MemoryNeed, for purpose: String, hint: String) throws {
    let tightest = try tightest(for: need)
    try agree {
      guard let tightest, tightest.spare < 0 else { return }
      throw MemoryError(
        purpose: purpose, need: need, limit: tightest.limit, sharers: tightest.sharers, hint: hint)
    }
  }

  /// Called by all ranks.
  ///
  /// - Returns: whether a need takes at most a share of the memory that is left, on every rank.
  func hasRoom(for need: MemoryNeed, within share: Double) throws -> Bool {
    let whole = MemoryNeed(written: need.written / share, reserved: need.reserved / share)
    let spare = try tightest(for: whole)?.spare ?? 0
    return try communicator.allGather(spare < 0 ? 1 as Int32 : 0).allSatisfy { $0 == 0 }
  }

  /// The limit that leaves this rank the least beside a need; nil where there is none. Called by all ranks.
  private func tightest(
    for need: MemoryNeed
  ) throws -> (limit: MemoryLimit, sharers: Int, spare: Double)? {
    let limits = MemoryLimit.all()
    let group = limits.first { $0.kind == .controlGroup }?.group ?? ""
    let groups = try communicator.allGather(group)
    let here = hosts.indices.filter { hosts[$0] == hosts[rank] }
    let checked = limits.map { limit in
      let sharers =
        switch limit.kind {
        case .addressSpace, .data: 1
        case .controlGroup: here.count { groups[$0] == limit.group }
        case .host: here.count
        }
      return (limit: limit, sharers: sharers, spare: limit.left(sharers: sharers) - limit.demand(need))
    }
    return checked.min { $0.spare < $1.spare }
  }

  /// - Throws: on all ranks, when training or running a network takes more memory than one may have.
  ///
  /// - Parameter need: what of it is still to come, see `TrainingConfiguration.memoryNeed` and
  ///   `Network.memoryNeed`.
  package func requireMemory(
    _ need: MemoryNeed, toTrain isTraining: Bool, _ network: Network, microBatch: Int
  ) throws {
    try requireMemory(
      need + .process,
      for:
        "\(isTraining ? "training" : "running") \(network.description.name) in micro-batches of \(microBatch)",
      hint: "smaller micro-batches, fewer threads or a smaller model take less")
  }
}

extension World {
  /// Called by all ranks.
  ///
  /// - Parameter bytes: that reading takes at once on this rank, see `DataSource.memory`.
  /// - Throws: on all ranks, when one may not have as much.
  package func requireMemory(bytes: Int, toRead part: DataPart, of source: String) throws {
    try requireMemory(
      MemoryNeed(written: Double(bytes)), for: "reading the \(part.rawValue) images of \(source) at once",
      hint: "`cnn-mpi data pack` makes files of them that need not be in memory")
  }
}

extension MemoryNeed {
  /// What MPI and the program itself come to take while they run, measured: connections, texts, the watchdog's
  /// thread and that of a checkpoint.
  package static let process = MemoryNeed(written: 16e6, reserved: 48e6)
}

extension TrainingConfiguration {
  /// What a rank takes to train, besides its data.
  ///
  /// - Parameter threads: of the rank.
  package func memoryNeed(
    for network: Network, _ schedule: BatchSchedule, threads: Int, in world: World
  ) -> MemoryNeed {
    let own = shard(of: schedule.batch(after: 0).microBatches, world.rank, of: world.size)
    let depth = SummationTree.depth(ofRun: shard(of: own, 0, of: threads))
    let sums = world.memory(
      of: reduction, gradients: network.layout.gradientCount, microBatches: schedule.microBatchCounts())
    return network.memoryNeed(
      microBatch: schedule.microBatch, threads: threads, gradients: max(depth, 1), convolution: convolution)
      + MemoryNeed(
        written: savedBytes(of: network) + sums
          + (trace ? Trace.memory(threads: threads) : 0))
  }

  /// What rank 0 takes to write a checkpoint or the trained model: a copy of all that goes into it.
  package func savingNeed(of network: Network) -> MemoryNeed {
    MemoryNeed(written: network.arenaBytes + (saveEvery == .never ? 0 : savedBytes(of: network)))
  }
}
