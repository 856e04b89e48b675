import Data
import Engine
import Models
import Networks
import Tensors

extension TrainingConfiguration {
  /// The model that `--weights` names, for a network of `--model`; nil where it names none.
  ///
  /// A head that is replaced starts with random weights, by the run's seed.
  ///
  /// - Parameter measured: the normalization where the weights do not say how they want images normalised.
  func startingModel(_ network: Network, measured: Normalization) throws -> TrainedModel? {
    guard let weights else { return nil }
    let file = try WeightsFile(path: weights)
    let normalization =
      try file.storedNormalization() == nil
      ? measured : file.normalization(for: network, ModelSource())
    let head = replaceHead ? network.head : nil
    let (parameters, notes) = try file.weights(of: network, besides: head, seed: seed)
    return TrainedModel(
      network, parameters, normalization, preprocessing: try file.preprocessing(for: network),
      classNames: head == nil ? try file.classNames(for: network) : nil, notes: notes)
  }
}

extension TrainingStrategy {
  /// Starts with weights, the same on all ranks.
  func start(from model: TrainedModel) {
    for arena in state where arena.part == .parameters {
      let values = arena.values
      var all = values.mutableSpan
      all.copy(from: model.parameters.span)
    }
  }
}
