import Tensors

/// Layer-wise adaptive rate scaling (You, Gitman and Ginsburg 2017, "Large Batch Training of Convolutional
/// Networks", algorithm 1): SGD with momentum, in which the step of each weight tensor w goes by the tensor's
/// own norms,
///
///     ratio = trustCoefficient ||w|| / (||gradient|| + weightDecay ||w||)
///     g = ratio * (gradient + weightDecay * w)
///     velocity = momentum * velocity + g
///     w -= learningRate * velocity                              (with Nesterov: g + momentum * velocity)
///
/// The ratio is 1 where it would be 0, as the weights would never change, or have no value. Tensors that
/// `LayerTensor.isAdapted` leaves out have a ratio of 1 and no decay.
///
/// In the paper the learning rate is a factor of g, not of the velocity. For a constant rate that is the same;
/// where the rate changes this is SGD's way here and in PyTorch, and what Goyal et al. 2017 call momentum
/// correction.
package final class LARS: Optimizer {
  private let tensors: [LayerTensor]
  private let momentum: Float
  private let nesterov: Bool
  private let weightDecay: Float
  private let trustCoefficient: Double
  private let velocity: SharedBuffer<Float>

  /// The trust coefficient of the paper.
  package static let usualTrustCoefficient = 0.001

  package init(
    _ layout: ParameterLayout, momentum: Float, nesterov: Bool = false, weightDecay: Float = 0,
    trustCoefficient: Double = usualTrustCoefficient
  ) {
    tensors = layout.layerTensors
    self.momentum = momentum
    self.nesterov = nesterov
    self.weightDecay = weightDecay
    self.trustCoefficient = trustCoefficient
    velocity = SharedBuffer(repeating: 0, count: layout.trainable.count)
  }

  package var state: [(name: String, values: SharedBuffer<Float>)] { [("velocity", velocity)] }

  package func step(
    parameters: inout MutableSpan<Float>, gradients: Span<Float>, learningRate: Float, step: Int
  ) {
    let memory = velocity
    var velocity = memory.mutableSpan
    precondition(
      parameters.count == velocity.count && gradients.count == velocity.count, "\(gradients.count)")
    for tensor in tensors {
      var weights = parameters[slice: tensor.range]
      let own = gradients.extracting(tensor.range)
      let ratio = tensor.isAdapted ? trustRatio(weights.span, own) : 1
      var speeds = velocity[slice: tensor.range]
      momentumStep(
        &weights, own, &speeds, gradientScale: ratio, weightDecay: tensor.isAdapted ? weightDecay : 0,
        momentum: momentum, nesterov: nesterov, learningRate: learningRate)
    }
  }

  private func trustRatio(_ weights: Span<Float>, _ gradients: Span<Float>) -> Float {
    let weightNorm = euclideanNorm(weights)
    let whole = euclideanNorm(gradients) + Double(weightDecay) * weightNorm
    return weightNorm > 0 && whole > 0 ? Float(trustCoefficient * weightNorm / whole) : 1
  }
}
