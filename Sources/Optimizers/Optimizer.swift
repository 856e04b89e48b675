import Tensors

/// Changes the parameters by a step along the gradient of the loss.
package protocol Optimizer: AnyObject {
  /// - Parameters:
  ///   - parameters: the trainable part of the arena.
  ///   - gradients: of the mean loss of the global batch, in the same layout.
  ///   - step: number of steps done before.
  func step(parameters: inout MutableSpan<Float>, gradients: Span<Float>, learningRate: Float, step: Int)

  /// All that it remembers from step to step: buffers of the trainable part's layout, by the names that
  /// checkpoints give them.
  var state: [(name: String, values: SharedBuffer<Float>)] { get }
}

/// running += momentum (batch - running): the update of batch normalisation's running averages, with the
/// momentum in PyTorch's sense.
package func updateRunningStatistics(
  _ running: inout MutableSpan<Float>, batch: Span<Float>, momentum: Float = 0.1
) {
  precondition(running.count == batch.count, "\(batch.count) statistics for \(running.count)")
  for index in running.indices {
    running[unchecked: index] += momentum * (batch[unchecked: index] - running[unchecked: index])
  }
}
