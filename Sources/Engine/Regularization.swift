/// What keeps a model from learning its training images by heart, besides the model's own layers and the
/// optimizer's weight decay.
package struct Regularization: Sendable {
  /// The smoothing of the training loss, see `softmaxCrossEntropy`.
  package var labelSmoothing: Float = 0
  /// Largest norm of a step's gradients; nil for any.
  package var clipNorm: Double?
  /// The decay of the moving average of the weights, see `WeightAverage`; nil for none.
  package var averageDecay: Double?

  package init(labelSmoothing: Float = 0, clipNorm: Double? = nil, averageDecay: Double? = nil) {
    self.labelSmoothing = labelSmoothing
    self.clipNorm = clipNorm
    self.averageDecay = averageDecay
  }
}
