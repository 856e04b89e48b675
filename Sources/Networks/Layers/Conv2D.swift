import Kernels
import Tensors

/// A two-dimensional convolution (cross-correlation, as everywhere in the field).
///
/// Input H x W x C, output OH x OW x filters with
/// OH = floor((top + H + bottom - dilation (kernel - 1) - 1) / stride) + 1, the padding above and below, and OW
/// likewise. With groups, each makes its share of the filters of its share of the channels; a depthwise
/// convolution has as many groups as channels. Tensors: `weight` (KH, KW, C / groups, filters), `bias` (filters).
package struct Conv2D: UnaryLayer {
  package static let type = "conv2d"
  package static let shortName = "conv"

  package let filters: Int
  package let kernel: Size2D
  package let stride: Size2D
  package private(set) var padding: LayerPadding
  package let dilation: Size2D
  package let groups: Int
  package private(set) var bias: Bool

  package init(
    filters: Int, kernel: Int, stride: Int = 1, padding: LayerPadding, dilation: Int = 1, groups: Int = 1,
    bias: Bool = true
  ) {
    self.filters = filters
    self.kernel = Size2D(kernel)
    self.stride = Size2D(stride)
    self.padding = padding
    self.dilation = Size2D(dilation)
    self.groups = groups
    self.bias = bias
  }

  package init(
    filters: Int, kernel: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1, groups: Int = 1,
    bias: Bool = true
  ) {
    self.init(
      filters: filters, kernel: kernel, stride: stride, padding: .cells(Padding2D(padding)),
      dilation: dilation, groups: groups, bias: bias)
  }

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case filters, kernel, stride, padding, dilation, groups, bias
  }

  package init(from decoder: any Decoder) throws {
    let keys = try decoder.strictContainer(CodingKeys.self)
    filters = try keys.decode(Int.self, forKey: .filters)
    kernel = try keys.decode(Size2D.self, forKey: .kernel)
    stride = try keys.decodeIfPresent(Size2D.self, forKey: .stride) ?? Size2D(1)
    padding = try keys.decodeIfPresent(LayerPadding.self, forKey: .padding) ?? .cells(Padding2D(0))
    dilation = try keys.decodeIfPresent(Size2D.self, forKey: .dilation) ?? Size2D(1)
    groups = try keys.decodeIfPresent(Int.self, forKey: .groups) ?? 1
    bias = try keys.decodeIfPresent(Bool.self, forKey: .bias) ?? true
  }

  /// Leaves out a dilation and groups of 1, which most convolutions have.
  package func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: CodingKeys.self)
    try keys.encode(filters, forKey: .filters)
    try keys.encode(kernel, forKey: .kernel)
    try keys.encode(stride, forKey: .stride)
    try keys.encode(padding, forKey: .padding)
    if dilation != Size2D(1) { try keys.encode(dilation, forKey: .dilation) }
    if groups != 1 { try keys.encode(groups, forKey: .groups) }
    try keys.encode(bias, forKey: .bias)
  }

  /// The window without its padding.
  private var unpadded: Window { Window(size: kernel, stride: stride, dilation: dilation) }

  /// The window of a layer whose padding is resolved.
  private var window: Window {
    Window(size: kernel, stride: stride, padding: padding.resolved, dilation: dilation)
  }

  package func resolved(for inputs: [Shape]) -> Conv2D {
    var layer = self
    layer.padding = .cells(padding.cells(of: unpadded, over: inputs[0]))
    return layer
  }

  package func outputShape(for input: Shape) throws(LayerError) -> Shape {
    guard filters > 0 else { throw LayerError("filters must be above 0, found \(filters)") }
    guard groups > 0 else { throw LayerError("groups must be above 0, found \(groups)") }
    guard input.channels % groups == 0, filters % groups == 0 else {
      throw LayerError(
        "groups must divide the input's \(input.channels) channels and the \(filters) filters, found \(groups)"
      )
    }
    let positions = try unpadded.padded(padding, over: input).positions(over: input)!
    return Shape(positions.height, positions.width, filters)
  }

  /// An input reaches the filters of its group only, and so many count for the starting values.
  package func parameters(for input: Shape) -> [ParameterDescription] {
    let channels = input.channels / groups
    let area = kernel.height * kernel.width
    let weight = ParameterDescription(
      "weight", [kernel.height, kernel.width, channels, filters],
      .glorot(fanIn: area * channels, fanOut: area * (filters / groups)),
      pyTorch: PyTorchForm(
        [filters, channels, kernel.height, kernel.width],
        of: Shape(kernel.height, kernel.width, channels), filters: filters))
    return bias ? [weight, ParameterDescription("bias", [filters], .constant(0))] : [weight]
  }

  package var withBias: (any Layer)? {
    var layer = self
    layer.bias = true
    return layer
  }

  package var fusesActivation: Bool { true }
  /// A depthwise convolution, which has one filter a group, does not.
  package var fusesMaxPool: Bool { groups == 1 || filters > groups }
  package var canTrimOutput: Bool { true }

  package func inputRead(for output: Shape) -> (height: Int, width: Int)? {
    let reach = window.reach(of: Size2D(output.height, output.width))
    return (reach.height, reach.width)
  }

  /// OH OW K KH KW C / groups: windows that reach into the padding count in full.
  package func multiplyAdds(input: Shape, output: Shape) -> Int {
    output.count * kernel.height * kernel.width * (input.channels / groups)
  }

  package func backwardReads(at site: LayerSite) -> BackwardReads {
    site.activation != .identity && !site.maxPool ? [.inputs, .output] : .inputs
  }

  package func operation(at site: LayerSite) -> any Operation {
    let (geometry, tail, algorithm) = kernel(at: site)
    return Conv2DOperation(
      Convolution(geometry, tail, algorithm, maximumBatch: site.maximumBatch), site)
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
      output: Shape(factor * site.output.height, factor * site.output.width, filters), groups: groups)
    let algorithm = ConvolutionAlgorithm.choice(
      for: geometry, site.convolution, needsInputGradient: !site.readsImages)
    return (geometry, ConvolutionTail(site.activation, maxPool: site.maxPool), algorithm)
  }
}

private final class Conv2DOperation: UnaryOperation {
  private let convolution: Convolution
  private let places: WeightAndBias
  private let gradientPlaces: WeightAndBias

  init(_ convolution: Convolution, _ site: LayerSite) {
    self.convolution = convolution
    places = WeightAndBias(site.parameters)
    gradientPlaces = WeightAndBias(site.gradients)
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
    gradients.withSlices(gradientPlaces.weight, gradientPlaces.bias) { dWeight, dBias in
      convolution.backward(
        x, y: y, dY: &dY, count: pass.count, weight: parameters.extracting(places.weight),
        dWeight: &dWeight, dBias: &dBias, dX: &dX)
    }
  }
}
