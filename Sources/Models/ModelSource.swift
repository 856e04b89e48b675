/// Where a trained model comes from.
package struct ModelSource: Sendable, Equatable {
  /// A run directory or a safetensors file that says its model; or, where `weights` are given, a name of the
  /// zoo or the path of a JSON file.
  package var model = ""
  /// Weights that do not say their model, as from PyTorch.
  package var weights: String?
  /// Of pixels in 0...1, by channel or one for all; nil for what the file says, or else 0 and 1: pixels as
  /// they are.
  package var mean: [Double]?
  package var deviation: [Double]?

  package init() {}

  package init(model: String, weights: String? = nil) {
    self.model = model
    self.weights = weights
  }
}
