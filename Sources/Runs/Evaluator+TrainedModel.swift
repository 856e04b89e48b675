import Engine
import Kernels
import Models
import Networks
import Parallel
import Reporting
import System

extension World {
  /// Reads a trained model on every rank; rank 0 tells people what they should know of how it was read.
  func read(_ source: ModelSource) throws -> TrainedModel {
    let model = try agree { try TrainedModel(source) }
    if isRoot { for note in model.notes { printNote(note) } }
    return model
  }
}

extension Evaluator {
  /// Runs a trained model, the same on all ranks, with batch normalisation folded into the layers before it.
  ///
  /// - Throws: on all ranks, when one cannot start its threads.
  package convenience init(
    _ model: TrainedModel, _ world: World, microBatch: Int, threads: Int,
    convolution: ConvolutionMethod = .auto
  ) throws {
    let folded = FoldedNetwork(model.network)
    let parameters = model.parameters
    // Without dropout, which is for training, nothing here depends on the seed.
    try self.init(
      folded.network, parameters: folded.parameters(from: parameters.span), world, microBatch: microBatch,
      threads: threads, seed: 0,
      convolution: convolution)
  }
}

extension TrainedModel {
  /// What an evaluator of the model takes: the folded network's parameters and threads.
  func memoryNeed(microBatch: Int, threads: Int) -> MemoryNeed {
    FoldedNetwork(network).network.memoryNeed(microBatch: microBatch, threads: threads, gradients: 0)
  }
}
