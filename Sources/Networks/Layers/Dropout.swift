import Kernels
import Tensors

/// In training sets each number to 0 with probability `rate` and scales the others by 1 / (1 - rate); in
/// evaluation does nothing (Srivastava et al. 2014).
package struct Dropout: UnaryLayer {
  package static let type = "dropout"
  package static let shortName = "dropout"

  package let rate: Float

  package init(rate: Float) { self.rate = rate }

  private enum CodingKeys: String, CodingKey, CaseIterable { case rate }

  package init(from decoder: any Decoder) throws {
    rate = try decoder.strictContainer(CodingKeys.self).decode(Float.self, forKey: .rate)
  }

  package func outputShape(for input: Shape) throws(LayerError) -> Shape {
    guard rate >= 0, rate < 1 else { throw LayerError("rate must be in [0, 1), found \(rate)") }
    return input
  }

  package func operation(at site: LayerSite) -> any Operation { DropoutOperation(rate: rate, site) }

  /// The mask.
  package func memory(at site: LayerSite, forwardOnly: Bool) -> Double {
    4 * Double(site.maximumBatch) * Double(site.input.count)
  }
}

private final class DropoutOperation: UnaryOperation {
  private let rate: Float
  private let layer: Int
  private let mask: SharedBuffer<Float>

  init(rate: Float, _ site: LayerSite) {
    self.rate = rate
    layer = site.index
    mask = SharedBuffer(repeating: 0, count: site.maximumBatch, unit: site.input.count)
  }

  func forward(_ x: Span<Float>, parameters: Span<Float>, pass: Pass, into y: inout MutableSpan<Float>) {
    switch pass.mode {
    case .training:
      let (mask, samples) = (mask, pass.samples)
      var written = mask.mutableSpan(first: pass.count)
      dropout(
        x, rate: rate, seed: pass.seed, layer: layer, step: pass.step,
        samples: samples.span(first: pass.count), mask: &written, into: &y)
    case .evaluation:
      y.copy(from: x)
    }
  }

  func backward(
    _ x: Span<Float>, y: Span<Float>, dY: inout MutableSpan<Float>, parameters: Span<Float>, pass: Pass,
    gradients: inout MutableSpan<Float>, dX: inout MutableSpan<Float>
  ) {
    let mask = mask
    if !dX.isEmpty { dropoutBackward(dY: dY.span, mask: mask.span(first: pass.count), into: &dX) }
  }
}
