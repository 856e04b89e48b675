import Kernels
import Tensors

/// Batch normalisation per channel (Ioffe and Szegedy 2015).
///
/// Training takes the statistics of the micro-batch, and keeps running averages of them for evaluation. A frozen
/// layer goes by its running averages in training too, and leaves them as they are.
/// Tensors, all (C): `weight` (gain), `bias` (shift), `running_mean`, `running_var` (unbiased, as in
/// PyTorch).
package struct BatchNorm: UnaryLayer {
  package static let type = "batch_norm"
  package static let shortName = "bn"

  package let epsilon: Float

  package init(epsilon: Float = 1e-5) { self.epsilon = epsilon }

  private enum CodingKeys: String, CodingKey, CaseIterable { case epsilon }

  package init(from decoder: any Decoder) throws {
    epsilon =
      try decoder.strictContainer(CodingKeys.self).decodeIfPresent(Float.self, forKey: .epsilon) ?? 1e-5
  }

  package func outputShape(for input: Shape) throws(LayerError) -> Shape {
    guard epsilon > 0, epsilon.isFinite else { throw LayerError("epsilon must be above 0, found \(epsilon)") }
    return input
  }

  package func parameters(for input: Shape) -> [ParameterDescription] {
    [
      ParameterDescription("weight", [input.channels], .constant(1)),
      ParameterDescription("bias", [input.channels], .constant(0)),
      ParameterDescription("running_mean", [input.channels], .constant(0), kind: .statistic),
      ParameterDescription("running_var", [input.channels], .constant(1), kind: .statistic),
    ]
  }

  package var fusesActivation: Bool { true }
  package var keepsScale: Bool { true }

  package func backwardReads(at site: LayerSite) -> BackwardReads { .inputs }

  package func operation(at site: LayerSite) -> any Operation { BatchNormOperation(epsilon: epsilon, site) }

  /// Five numbers a channel, and two sums in double precision.
  package func memory(at site: LayerSite, forwardOnly: Bool) -> Double { 36 * Double(site.input.channels) }
}

private final class BatchNormOperation: UnaryOperation {
  private var kernel: BatchNormKernel
  private let positions: Int
  private let isFrozen: Bool
  private let (gain, shift, mean, variance): (Range<Int>, Range<Int>, Range<Int>, Range<Int>)

  init(epsilon: Float, _ site: LayerSite) {
    kernel = BatchNormKernel(
      channels: site.input.channels, epsilon: epsilon, activation: site.activation)
    positions = site.input.height * site.input.width
    isFrozen = site.isFrozen
    (gain, shift, mean, variance) = (
      site.parameters[0], site.parameters[1], site.parameters[2], site.parameters[3]
    )
  }

  func forward(_ x: Span<Float>, parameters: Span<Float>, pass: Pass, into y: inout MutableSpan<Float>) {
    let (gain, shift) = (parameters.extracting(gain), parameters.extracting(shift))
    switch pass.mode {
    case .training where !isFrozen:
      kernel.forward(x, gain: gain, shift: shift, into: &y)
    case .training, .evaluation:
      kernel.evaluate(
        x, gain: gain, shift: shift, mean: parameters.extracting(mean),
        variance: parameters.extracting(variance),
        into: &y)
    }
  }

  func backward(
    _ x: Span<Float>, y: Span<Float>, dY: inout MutableSpan<Float>, parameters: Span<Float>, pass: Pass,
    gradients: inout MutableSpan<Float>, dX: inout MutableSpan<Float>
  ) {
    guard !isFrozen else {
      // Its own tensors have no gradients: it is asked for that of its input.
      kernel.evaluateBackward(
        x, dY: dY.span, gain: parameters.extracting(gain), shift: parameters.extracting(shift),
        mean: parameters.extracting(mean), variance: parameters.extracting(variance), dX: &dX)
      return
    }
    gradients.withSlices(gain, shift) { dGain, dShift in
      kernel.backward(
        x, dY: dY.span, gain: parameters.extracting(gain), shift: parameters.extracting(shift), dGain: &dGain,
        dShift: &dShift, dX: &dX)
    }
  }

  func recordStatistics(pass: Pass, gradients: inout MutableSpan<Float>) {
    guard !isFrozen else { return }
    let share = Float(pass.count) / Float(pass.globalBatch)
    let rows = Float(pass.count * positions)
    let unbiased = rows / max(rows - 1, 1)
    for c in 0..<kernel.channels {
      gradients[mean.lowerBound + c] = kernel.mean.span[c] * share
      gradients[variance.lowerBound + c] = kernel.variance.span[c] * unbiased * share
    }
  }
}
