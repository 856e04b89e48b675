import Kernels
import Tensors

/// x where x > 0, else `slope` times x.
package struct LeakyReLU: ElementwiseLayer {
  package static let type = "leaky_relu"
  package static let shortName = "relu"

  package let slope: Float

  package init(slope: Float = 0.01) { self.slope = slope }

  private enum CodingKeys: String, CodingKey, CaseIterable { case slope }

  package init(from decoder: any Decoder) throws {
    slope = try decoder.strictContainer(CodingKeys.self).decodeIfPresent(Float.self, forKey: .slope) ?? 0.01
  }

  package var function: ElementwiseFunction { .leakyReLU(slope: slope) }

  package func outputShape(for input: Shape) throws(LayerError) -> Shape {
    guard slope.isFinite else { throw LayerError("slope must be finite, found \(slope)") }
    return input
  }
}
