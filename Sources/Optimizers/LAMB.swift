import Glibc
import Tensors

/// Layer-wise adaptive moments (You et al. 2020, "Large Batch Optimization for Deep Learning: Training BERT in
/// 76 Minutes", algorithm 2): Adam's step with decoupled weight decay, which for each weight tensor w is scaled
/// to the norm of w,
///
///     m = beta1 m + (1 - beta1) gradient,   v = beta2 v + (1 - beta2) gradient^2
///     u = m^ / (sqrt(v^) + epsilon) + weightDecay * w,   m^ = m / (1 - beta1^t),   v^ = v / (1 - beta2^t)
///     w -= learningRate * ||w|| / ||u|| * u
///
/// The ratio of the norms is 1 where one of them is 0. Tensors that `LayerTensor.isAdapted` leaves out have a ratio
/// of 1 and no decay.
package final class LAMB: Optimizer {
  private let tensors: [LayerTensor]
  private let beta1: Float
  private let beta2: Float
  private let epsilon: Float
  private let weightDecay: Float
  private let firstMoment: SharedBuffer<Float>
  private let secondMoment: SharedBuffer<Float>
  /// A block of u, whose norm is computed before the step is done.
  private let block: SharedBuffer<Float>

  package init(
    _ layout: ParameterLayout, beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-6,
    weightDecay: Float = 0
  ) {
    tensors = layout.layerTensors
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    firstMoment = SharedBuffer(repeating: 0, count: layout.trainable.count)
    secondMoment = SharedBuffer(repeating: 0, count: layout.trainable.count)
    block = SharedBuffer(repeating: 0, count: squaresBlock)
  }

  package var state: [(name: String, values: SharedBuffer<Float>)] {
    [("first_moment", firstMoment), ("second_moment", secondMoment)]
  }

  package func step(
    parameters: inout MutableSpan<Float>, gradients: Span<Float>, learningRate: Float, step: Int
  ) {
    let (firstMoment, secondMoment) = (firstMoment, secondMoment)
    var m = firstMoment.mutableSpan
    var v = secondMoment.mutableSpan
    precondition(parameters.count == m.count && gradients.count == m.count, "\(gradients.count) gradients")
    for tensor in tensors {
      let direction = Direction(
        beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: tensor.isAdapted ? weightDecay : 0,
        steps: step + 1)
      var weights = parameters[slice: tensor.range]
      var first = m[slice: tensor.range]
      var second = v[slice: tensor.range]
      updateMoments(&first, &second, gradients.extracting(tensor.range))
      let ratio = tensor.isAdapted ? ratio(along: direction, weights.span, first.span, second.span) : 1
      let rate = learningRate * ratio
      for index in weights.indices {
        weights[unchecked: index] -=
          rate * direction(weights[unchecked: index], first[unchecked: index], second[unchecked: index])
      }
    }
  }

  private func updateMoments(
    _ m: inout MutableSpan<Float>, _ v: inout MutableSpan<Float>, _ gradients: Span<Float>
  ) {
    precondition(m.count == gradients.count && v.count == gradients.count, "\(gradients.count) gradients")
    let (beta1, beta2) = (beta1, beta2)
    for index in gradients.indices {
      let gradient = gradients[unchecked: index]
      m[unchecked: index] = beta1 * m[unchecked: index] + (1 - beta1) * gradient
      v[unchecked: index] = beta2 * v[unchecked: index] + (1 - beta2) * gradient * gradient
    }
  }

  /// ||w|| / ||u||, with the squares of u summed block by block in the order of `euclideanNorm`.
  private func ratio(
    along direction: Direction, _ weights: Span<Float>, _ m: Span<Float>, _ v: Span<Float>
  ) -> Float {
    let memory = block
    var block = memory.mutableSpan
    var squares = 0.0
    var start = 0
    while start < weights.count {
      let count = min(block.count, weights.count - start)
      for index in 0..<count {
        let place = start &+ index
        block[unchecked: index] = direction(
          weights[unchecked: place], m[unchecked: place], v[unchecked: place])
      }
      squares += block.span.extracting(first: count).withUnsafeBufferPointer { sumOfSquares($0) }
      start += count
    }
    let (weightNorm, norm) = (euclideanNorm(weights), squares.squareRoot())
    return weightNorm > 0 && norm > 0 ? Float(weightNorm / norm) : 1
  }
}

/// What a step goes along: u = m^ / (sqrt(v^) + epsilon) + weightDecay * w.
private struct Direction {
  private let correction1: Float
  private let correction2: Float
  private let epsilon: Float
  private let weightDecay: Float

  /// - Parameter steps: number of steps with this one.
  init(beta1: Float, beta2: Float, epsilon: Float, weightDecay: Float, steps: Int) {
    correction1 = Float(1 / (1 - pow(Double(beta1), Double(steps))))
    correction2 = Float(1 / (1 - pow(Double(beta2), Double(steps))).squareRoot())
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  @inline(__always)
  func callAsFunction(_ weight: Float, _ m: Float, _ v: Float) -> Float {
    m * correction1 / (v.squareRoot() * correction2 + epsilon) + weightDecay * weight
  }
}
