import Kernels
import Tensors

/// The numbers of an image as features, in PyTorch's order C, H, W, so that weights of layers behind it are as
/// PyTorch has them.
///
/// Input H x W x C, output C H W features. A dense layer needs none in front: it takes images as they lie.
package struct Flatten: UnaryLayer, PlainLayer {
  package static let type = "flatten"
  package static let shortName = "flatten"

  package init() {}

  package func outputShape(for input: Shape) throws(LayerError) -> Shape { Shape(features: input.count) }

  package func operation(at site: LayerSite) -> any Operation { FlattenOperation(input: site.input) }
}

private final class FlattenOperation: UnaryOperation {
  private let input: Shape

  init(input: Shape) { self.input = input }

  func forward(_ x: Span<Float>, parameters: Span<Float>, pass: Pass, into y: inout MutableSpan<Float>) {
    flatten(x, count: pass.count, input: input, into: &y)
  }

  func backward(
    _ x: Span<Float>, y: Span<Float>, dY: inout MutableSpan<Float>, parameters: Span<Float>, pass: Pass,
    gradients: inout MutableSpan<Float>, dX: inout MutableSpan<Float>
  ) {
    if !dX.isEmpty { flattenBackward(dY: dY.span, count: pass.count, input: input, into: &dX) }
  }
}
