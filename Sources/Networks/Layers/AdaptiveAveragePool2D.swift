import Kernels
import Tensors

/// The means of windows that divide the input, whatever its size, into `size` rows and columns.
///
/// Input H x W x C, output OH x OW x C. Output row i is the mean of input rows floor(i H / OH) ..<
/// ceil((i + 1) H / OH), and columns likewise, as in PyTorch's `AdaptiveAvgPool2d`.
package struct AdaptiveAveragePool2D: UnaryLayer {
  package static let type = "adaptive_average_pool2d"
  package static let shortName = "pool"

  package let size: Size2D

  package init(size: Size2D) { self.size = size }

  package init(size: Int) { self.init(size: Size2D(size)) }

  private enum CodingKeys: String, CodingKey, CaseIterable { case size }

  package init(from decoder: any Decoder) throws {
    size = try decoder.strictContainer(CodingKeys.self).decode(Size2D.self, forKey: .size)
  }

  package func outputShape(for input: Shape) throws(LayerError) -> Shape {
    guard size.height > 0, size.width > 0 else { throw LayerError("size must be above 0, found \(size)") }
    guard max(size.height, size.width) <= Window.limit else {
      throw LayerError("sizes go up to \(Window.limit), found \(size)")
    }
    return Shape(size.height, size.width, input.channels)
  }

  package func operation(at site: LayerSite) -> any Operation {
    AdaptiveAveragePool2DOperation(input: site.input, output: site.output)
  }
}

/// Also that of `GlobalAveragePool2D`.
final class AdaptiveAveragePool2DOperation: UnaryOperation {
  private let input: Shape
  private let output: Shape

  init(input: Shape, output: Shape) {
    self.input = input
    self.output = output
  }

  func forward(_ x: Span<Float>, parameters: Span<Float>, pass: Pass, into y: inout MutableSpan<Float>) {
    adaptiveAveragePool2D(x, count: pass.count, input: input, output: output, into: &y)
  }

  func backward(
    _ x: Span<Float>, y: Span<Float>, dY: inout MutableSpan<Float>, parameters: Span<Float>, pass: Pass,
    gradients: inout MutableSpan<Float>, dX: inout MutableSpan<Float>
  ) {
    guard !dX.isEmpty else { return }
    adaptiveAveragePool2DBackward(dY: dY.span, count: pass.count, input: input, output: output, into: &dX)
  }
}
