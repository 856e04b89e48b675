import Kernels
import Tensors

/// A two-dimensional convolution (cross-correlation, as everywhere in the field).
///
/// Input H x W x C, output OH x OW x filters with OH = floor((H + 2 padding - kernel) / stride) + 1.
/// Tensors: `weight` (KH, KW, C, filters), `bias` (filters).
package struct Conv2D: UnaryLayer {
  package static let type = "conv2d"
  package static let shortName = "conv"

  package let filters: Int
  package let kernel: Size2D
  package let stride: Size2D
  package let padding: Size2D
  package private(set) var bias: Bool

  package init(
    filters: Int, kernel: Int, stride: Int = 1, padding: Int = 0, bias: Bool = true
  ) {
    self.filters = filters
    self.kernel = Size2D(kernel)
    self.stride = Size2D(stride)
    self.padding = Size2D(padding)
    self.bias = bias
  }

  private enum CodingKeys: String, CodingKey, CaseIterable { case filters, kernel, stride, padding, bias }

  package init(from decoder: any Decoder) throws {
    let keys = try decoder.strictContainer(CodingKeys.self)
    filters = try keys.decode(Int.self, forKey: .filters)
    kernel = try keys.decode(Size2D.self, forKey: .kernel)
    stride = try keys.decodeIfPresent(Size2D.self, forKey: .stride) ?? Size2D(1)
    padding = try keys.decodeIfPresent(Size2D.self, forKey: .padding) ?? Size2D(0)
    bias = try keys.decodeIfPresent(Bool.self, forKey: .bias) ?? true
  }

  private var window: Window { Window(size: kernel, stride: stride, padding: padding) }

  package func outputShape(for input: Shape) throws(LayerError) -> Shape {
    guard filters > 0 else { throw LayerError("filters must be above 0, found \(filters)") }
    let positions = try window.checkedPositions(over: input)
    return Shape(positions.height, positions.width, filters)
  }

  package func parameters(for input: Shape) -> [ParameterDescription] {
    let shape = [kernel.height, kernel.width, input.channels, filters]
    let area = kernel.height * kernel.width
    let weight = ParameterDescription(
      "weight", shape, .glorot(fanIn: area * input.channels, fanOut: area * filters),
      pyTorch: PyTorchForm(
        [filters, input.channels, kernel.height, kernel.width],
        of: Shape(kernel.height, kernel.width, input.channels), filters: filters))
    return bias ? [weight, ParameterDescription("bias", [filters], .constant(0))] : [weight]
  }

  package var withBias: (any Layer)? {
    var layer = self
    layer.bias = true
    return layer
  }

  package var fusesActivation: Bool { true }
  package var fusesMaxPool: Bool { true }
  package var canTrimOutput: Bool { true }

  package func inputRead(for output: Shape) -> (height: Int, width: Int)? {
    let reach = window.reach(of: Size2D(output.height, output.width))
    return (reach.height, reach.width)
  }

  /// OH OW K KH KW C: windows that reach into the padding count in full.
  package func multiplyAdds(input: Shape, output: Shape) -> Int {
    output.count * kernel.height * kernel.width * input.channels
  }

  package func backwardReads(at site: LayerSite) -> BackwardReads {
    site.activation != .identity && !site.maxPool ? [.inputs, .output] : .inputs
  }

  package func operation(at site: LayerSite) -> any Operation {
    let (geometry, tail, algorithm) = kernel(at: site)
    return Conv2DOperation(
      Convolution(geometry, tail, algorithm, maximumBatch: site.maximumBatch),
      places: WeightAndBias(site.parameters))
  }

  package func memory(at site: LayerSite, forwardOnly: Bool) -> Double {
    let (geometry, tail, algorithm) = kernel(at: site)
    return Convolution.memory(
      geometry, tail, algorithm, maximumBatch: site.maximumBatch, forwardOnly: forwardOnly)
  }

  private func kernel(
    at site: LayerSite
  ) -> (geometry: ConvolutionGeometry, tail: ConvolutionTail, algorithm: ConvolutionAlgorithm) {
    let factor = site.maxPool ? 2 : 1
    let geometry = ConvolutionGeometry(
      input: site.input, window: window,
      output: Shape(factor * site.output.height, factor * site.output.width, filters))
    let algorithm = ConvolutionAlgorithm.choice(
      for: geometry, site.convolution, needsInputGradient: site.needsInputGradient)
    return (geometry, ConvolutionTail(site.activation, maxPool: site.maxPool), algorithm)
  }
}

private final class Conv2DOperation: UnaryOperation {
  private let convolution: Convolution
  private let places: WeightAndBias

  init(_ convolution: Convolution, places: WeightAndBias) {
    self.convolution = convolution
    self.places = places
  }

  var algorithm: String? { convolution.algorithm.rawValue }

  func forward(_ x: Span<Float>, parameters: Span<Float>, pass: Pass, into y: inout MutableSpan<Float>) {
    convolution.forward(
      x, count: pass.count, weight: parameters.extracting(places.weight),
      bias: parameters.extracting(places.bias), into: &y)
  }

  func backward(
    _ x: Span<Float>, y: Span<Float>, dY: inout MutableSpan<Float>, parameters: Span<Float>, pass: Pass,
    gradients: inout MutableSpan<Float>, dX: inout MutableSpan<Float>
  ) {
    gradients.withSlices(places.weight, places.bias) { dWeight, dBias in
      convolution.backward(
        x, y: y, dY: &dY, count: pass.count, weight: parameters.extracting(places.weight),
        dWeight: &dWeight, dBias: &dBias, dX: &dX)
    }
  }
}
