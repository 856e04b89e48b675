import Tensors

/// Stochastic gradient descent with momentum, as `torch.optim.SGD`:
///
///     g = gradient + weightDecay * parameter
///     velocity = momentum * velocity + g
///     parameter -= learningRate * velocity                      (with Nesterov: g + momentum * velocity)
package final class SGD: Optimizer {
  private let momentum: Float
  private let nesterov: Bool
  private let weightDecay: Float
  private let velocity: SharedBuffer<Float>

  package init(count: Int, momentum: Float, nesterov: Bool = false, weightDecay: Float = 0) {
    self.momentum = momentum
    self.nesterov = nesterov
    self.weightDecay = weightDecay
    velocity = SharedBuffer(repeating: 0, count: count)
  }

  package var state: [(name: String, values: SharedBuffer<Float>)] { [("velocity", velocity)] }

  package func step(
    parameters: inout MutableSpan<Float>, gradients: Span<Float>, learningRate: Float, step: Int
  ) {
    let memory = velocity
    var velocity = memory.mutableSpan
    momentumStep(
      &parameters, gradients, &velocity, gradientScale: 1, weightDecay: weightDecay, momentum: momentum,
      nesterov: nesterov, learningRate: learningRate)
  }
}

/// A step of SGD with momentum, see `SGD`, in which g is multiplied by `gradientScale`, as `LARS` does.
func momentumStep(
  _ parameters: inout MutableSpan<Float>, _ gradients: Span<Float>, _ velocity: inout MutableSpan<Float>,
  gradientScale: Float, weightDecay: Float, momentum: Float, nesterov: Bool, learningRate: Float
) {
  precondition(
    parameters.count == velocity.count && gradients.count == velocity.count,
    "\(parameters.count) parameters, \(gradients.count) gradients, \(velocity.count) velocities")
  // Nesterov's step is g + momentum * velocity, the plain one 0 * g + 1 * velocity.
  let (gradientShare, velocityShare): (Float, Float) = nesterov ? (1, momentum) : (0, 1)
  for index in parameters.indices {
    let parameter = parameters[unchecked: index]
    let gradient = gradientScale * (gradients[unchecked: index] + weightDecay * parameter)
    let speed = momentum * velocity[unchecked: index] + gradient
    velocity[unchecked: index] = speed
    parameters[unchecked: index] =
      parameter - learningRate * (gradientShare * gradient + velocityShare * speed)
  }
}
