import Tensors

/// Ends training when the accuracy has not risen for some epochs, and gives back the weights of the best one,
/// as Keras' `EarlyStopping(monitor="val_accuracy", restore_best_weights=True)`. They are given back too when
/// training gets to its last epoch.
///
/// All ranks see the same accuracies, so they decide alike.
package final class EarlyStopping {
  /// With `weights`, all that is needed to go on after an interruption.
  package struct State: Codable, Equatable, Sendable {
    /// The best epoch so far, from 0: the first of those with the highest accuracy.
    package var bestEpoch = 0
    /// Below any, until there was an epoch.
    package var bestAccuracy = -1.0
    package var epochsWithoutImprovement = 0
  }

  /// So many epochs without improvement are one too many.
  let patience: Int
  package var state = State()
  /// The best epoch's weights.
  package let weights: SharedBuffer<Float>

  /// - Parameter count: of weights.
  package init(patience: Int, count: Int) {
    self.patience = patience
    weights = SharedBuffer(repeating: 0, count: count)
  }

  /// Takes in what the weights of an epoch come to; keeps them when they are the best so far.
  package func epochEnded(_ epoch: Int, accuracy: Double, weights current: Span<Float>) {
    if accuracy > state.bestAccuracy {
      state = State(bestEpoch: epoch, bestAccuracy: accuracy)
      let memory = weights
      var best = memory.mutableSpan
      best.copy(from: current)
    } else {
      state.epochsWithoutImprovement += 1
    }
  }

  package var isDue: Bool { state.epochsWithoutImprovement >= patience }
}
