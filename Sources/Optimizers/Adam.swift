import Glibc
import Tensors

/// Adam, as `torch.optim.Adam` (Kingma and Ba 2015):
///
///     g = gradient + weightDecay * parameter
///     m = beta1 m + (1 - beta1) g,   v = beta2 v + (1 - beta2) g^2
///     parameter -= learningRate * m^ / (sqrt(v^) + epsilon),   m^ = m / (1 - beta1^t),   v^ = v / (1 -
///     beta2^t)
///
/// And AdamW, as `torch.optim.AdamW` (Loshchilov and Hutter 2019): the decay does not go through the moments,
///
///     g = gradient,   parameter *= 1 - learningRate * weightDecay before the step
package final class Adam: Optimizer {
  private let beta1: Float
  private let beta2: Float
  private let epsilon: Float
  private let weightDecay: Float
  private let decouplesDecay: Bool
  private let firstMoment: SharedBuffer<Float>
  private let secondMoment: SharedBuffer<Float>

  /// - Parameter decouplesDecay: true for AdamW.
  package init(
    count: Int, beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-8, weightDecay: Float = 0,
    decouplesDecay: Bool = false
  ) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.decouplesDecay = decouplesDecay
    firstMoment = SharedBuffer(repeating: 0, count: count)
    secondMoment = SharedBuffer(repeating: 0, count: count)
  }

  package var state: [(name: String, values: SharedBuffer<Float>)] {
    [("first_moment", firstMoment), ("second_moment", secondMoment)]
  }

  package func step(
    parameters: inout MutableSpan<Float>, gradients: Span<Float>, learningRate: Float, step: Int
  ) {
    let steps = step + 1
    let (firstMoment, secondMoment) = (firstMoment, secondMoment)
    var m = firstMoment.mutableSpan
    var v = secondMoment.mutableSpan
    precondition(parameters.count == m.count && gradients.count == m.count, "\(gradients.count) gradients")
    let (beta1, beta2, epsilon) = (beta1, beta2, epsilon)
    // Adam adds penalty * parameter to the gradient and keeps 1 * parameter, AdamW adds 0.
    let (penalty, kept): (Float, Float) =
      decouplesDecay ? (0, 1 - learningRate * weightDecay) : (weightDecay, 1)
    let rate = learningRate / Float(1 - pow(Double(beta1), Double(steps)))
    let correction = Float(1 / (1 - pow(Double(beta2), Double(steps))).squareRoot())
    for index in parameters.indices {
      let parameter = parameters[unchecked: index]
      let gradient = gradients[unchecked: index] + penalty * parameter
      let first = beta1 * m[unchecked: index] + (1 - beta1) * gradient
      let second = beta2 * v[unchecked: index] + (1 - beta2) * gradient * gradient
      m[unchecked: index] = first
      v[unchecked: index] = second
      parameters[unchecked: index] =
        kept * parameter - rate * first / (second.squareRoot() * correction + epsilon)
    }
  }
}
