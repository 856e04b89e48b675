/// What says where a trained model comes from.
package struct ModelSource: Sendable, Equatable {
  /// A run directory or a safetensors file that says its model; or, where `weights` are given, a name of the
  /// zoo or the path of a JSON file.
  package var model = ""
  /// The file of weights that do not say their model, as from PyTorch; nil where `model` has the weights.
  package var weights: String?
  /// The mean of pixels in 0...1, by channel or one for all; nil for what the file says, or else 0.
  package var mean: [Double]?
  /// The standard deviation of pixels in 0...1, likewise; nil for what the file says, or else 1.
  package var deviation: [Double]?

  /// A file of the classes' names, see `ClassNames`; nil for those of the weights' file, if any.
  package var classes: String?

  package init() {}

  package init(model: String, weights: String? = nil) {
    self.model = model
    self.weights = weights
  }
}
