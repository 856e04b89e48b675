import Files
import Networks

extension Network {
  /// The network of a model: one of the zoo by its name, one that a JSON file describes, or that of a run directory
  /// or safetensors file.
  ///
  /// - Throws: `ModelError` where no model has this name or its layers do not fit, `FileError` where the file
  ///   cannot be used.
  package init(describedBy model: String) throws {
    if isDirectory(model) || model.hasSuffix(".safetensors") {
      self = try WeightsFile(path: model).network()
    } else {
      try self.init(ModelDescription(named: model))
    }
  }
}
