import Engine
import Files
import Models
import Networks
import Parallel
import Tensors

// The numbers of a checkpoint: the parameters under their own names, and other arenas behind prefixes.

extension TrainingStrategy {
  /// - Parameter stopping: with early stopping, whose best weights are kept too.
  /// - Throws: `NotFiniteError` where a number is NaN or infinite.
  func checkpointTensors(_ position: TrainingPosition, _ stopping: EarlyStopping?) throws -> [NamedTensor] {
    try arenas(stopping).flatMap { arena in
      try network.exported(
        arena.values.span, arena.part, prefix: arena.prefix,
        batchesTracked: arena.prefix.isEmpty ? Int64(position.step) : 0)
    }
  }

  /// The strategy's state, and the best epoch's weights.
  fileprivate func arenas(_ stopping: EarlyStopping?) -> [TrainingState] {
    state + (stopping.map { [TrainingState(name: "best", .parameters, $0.weights)] } ?? [])
  }
}

extension TrainingState {
  /// What the names of its tensors begin with, such as `optimizer.velocity.`.
  fileprivate var prefix: String { name.isEmpty ? "" : "\(name)." }
}

extension Checkpoint {
  /// Gives a run that begins the numbers of this one.
  func restore(_ strategy: any TrainingStrategy, _ stopping: EarlyStopping?) throws {
    guard let file else { preconditionFailure("\(path) was restored before") }
    defer { self.file = nil }
    // A run may stop early that did not before.
    for arena in strategy.arenas(state.earlyStopping == nil ? nil : stopping) {
      let tensors = try file.load { name in
        arena.prefix.isEmpty ? Network.isOwn(name) : name.hasPrefix(arena.prefix)
      }
      var values = arena.values.mutableSpan
      try strategy.network.restore(tensors, arena.part, prefix: arena.prefix, from: path, to: &values)
    }
    if let earlyStopping = state.earlyStopping { stopping?.state = earlyStopping }
  }
}
