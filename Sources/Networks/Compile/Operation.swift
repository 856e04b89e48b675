import Tensors

/// One step of a compiled plan: a layer, or several fused, with the memory that it needs between its passes.
///
/// Spans hold exactly the pass's samples: inputs are (N, H, W, C) of their shapes, y of the output's.
package protocol Operation: AnyObject {
  func forward(_ x: PassValues, parameters: Span<Float>, pass: Pass, into y: inout MutableSpan<Float>)

  /// Overwrites the gradients of the operation's own tensors in `gradients`, and those of its inputs that are
  /// not empty in dX.
  ///
  /// - Parameters:
  ///   - x, y: what `forward` read and wrote; any numbers where `Layer.backwardReads` says that they are not read.
  ///   - dY: may be changed.
  func backward(
    _ x: PassValues, y: Span<Float>, dY: inout MutableSpan<Float>, parameters: Span<Float>, pass: Pass,
    gradients: inout MutableSpan<Float>, dX: PassValues)

  /// Writes the statistics of the last forward pass, times the pass's share of the global batch, to the
  /// places of the running statistics.
  func recordStatistics(pass: Pass, gradients: inout MutableSpan<Float>)

  /// How it is computed, where there are several ways.
  var algorithm: String? { get }
}

extension Operation {
  package func recordStatistics(pass: Pass, gradients: inout MutableSpan<Float>) {}
  package var algorithm: String? { nil }
}

/// An operation of one input.
package protocol UnaryOperation: Operation {
  func forward(_ x: Span<Float>, parameters: Span<Float>, pass: Pass, into y: inout MutableSpan<Float>)

  /// As `Operation.backward`; dX is empty where nobody needs it.
  func backward(
    _ x: Span<Float>, y: Span<Float>, dY: inout MutableSpan<Float>, parameters: Span<Float>, pass: Pass,
    gradients: inout MutableSpan<Float>, dX: inout MutableSpan<Float>)
}

extension UnaryOperation {
  package func forward(
    _ x: PassValues, parameters: Span<Float>, pass: Pass, into y: inout MutableSpan<Float>
  ) {
    forward(x[0], parameters: parameters, pass: pass, into: &y)
  }

  package func backward(
    _ x: PassValues, y: Span<Float>, dY: inout MutableSpan<Float>, parameters: Span<Float>, pass: Pass,
    gradients: inout MutableSpan<Float>, dX: PassValues
  ) {
    var inputGradient = dX.gradient(0)
    backward(
      x[0], y: y, dY: &dY, parameters: parameters, pass: pass, gradients: &gradients, dX: &inputGradient
    )
  }
}

/// What a pass over a micro-batch is about.
package struct Pass {
  package enum Mode: Sendable { case training, evaluation }

  package var mode: Mode
  /// Number of samples, N.
  package var count: Int
  /// Number of samples over which the loss is a mean: those of all micro-batches of the step on all ranks.
  package var globalBatch: Int
  package var seed: UInt64
  /// Number of the training step, from 0.
  package var step: Int
  /// The samples' numbers in the data set, (N).
  package var samples: SharedBuffer<UInt32>
}
