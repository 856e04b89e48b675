import Optimizers
import Tensors

/// What becomes of a batch's gradients: clipping, the optimizer's step, running statistics, and the moving
/// average of it all.
package final class ParameterUpdate {
  private let layout: ParameterLayout
  private let parameters: SharedBuffer<Float>
  package let optimizer: any Optimizer
  package let average: WeightAverage?
  private let clipNorm: Double?
  /// The norm of the last gradient that went through clipping.
  private var normBeforeClipping: Double?

  /// - Parameters:
  ///   - parameters: an arena of `layout`, with its starting values.
  package init(
    _ parameters: SharedBuffer<Float>, _ layout: ParameterLayout, _ optimizer: any Optimizer,
    _ regularization: Regularization
  ) {
    self.layout = layout
    self.parameters = parameters
    self.optimizer = optimizer
    clipNorm = regularization.clipNorm
    average = regularization.averageDecay.map { WeightAverage(of: parameters.span, decay: $0) }
  }

  /// Changes the parameters by one step.
  ///
  /// - Parameters:
  ///   - gradients: gradients and statistics of the batch, in the layout's places; may be scaled down.
  ///   - step: number of steps done before.
  package func apply(_ gradients: SharedBuffer<Float>, learningRate: Double, step: Int) {
    if let clipNorm {
      var all = gradients.mutableSpan
      var trainable = all[slice: layout.trainable]
      normBeforeClipping = clipGradients(&trainable, toNorm: clipNorm)
    }
    let parameters = parameters
    var all = parameters.mutableSpan
    var trainable = all[slice: layout.trainable]
    optimizer.step(
      parameters: &trainable, gradients: gradients.span.extracting(layout.trainable),
      learningRate: Float(learningRate), step: step)
    var statistics = all[slice: layout.statistics]
    updateRunningStatistics(&statistics, batch: gradients.span.extracting(layout.statistics))
    average?.update(parameters.span, steps: step + 1)
  }

  /// The L2 norm of `gradients`, which the last step was made of, before it was clipped.
  package func norm(of gradients: SharedBuffer<Float>) -> Double {
    normBeforeClipping ?? euclideanNorm(gradients.span.extracting(layout.trainable))
  }

  /// The parameters that count: their moving average, where there is one.
  package var evaluatedParameters: SharedBuffer<Float> { average?.values ?? parameters }

  /// Parameters, optimizer state and moving average.
  package var state: [TrainingState] {
    [TrainingState(name: "", .parameters, parameters)]
      + optimizer.state.map { TrainingState(name: "optimizer.\($0.name)", .trainable, $0.values) }
      + (average.map { [TrainingState(name: "average", .parameters, $0.values)] } ?? [])
  }
}
