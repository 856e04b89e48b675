import Tensors

/// The convolution of each channel with a filter of its own, of any kernel size, stride, padding and dilation,
/// straight from the image; see `TapSums`. Kernels of up to 5 x 5 cells are fast. It does not pool.
final class DepthwiseConvolution: ConvolutionKernel {
  let geometry: ConvolutionGeometry
  let tail: ConvolutionTail
  let channels: Int
  let outputs: TapSums
  /// The gradients of the inputs, of those of the outputs: one for every remainder of an input's row and column
  /// by the stride.
  let inputGradients: [TapSums]
  /// Gradients of the weights, summed up over a batch, as (ceil(C / 16), KH * KW, 16). Made by the first
  /// backward pass, as inference needs none.
  var sums: SharedBuffer<Float>?
  /// Output rows that are worked off together, so few that what they read and write stays in the L2 cache.
  let bandRows: Int

  /// Elements of a band's inputs: 256 KiB, a quarter of a usual L2 cache.
  private static let bandElements = 64 * 1024

  init(_ geometry: ConvolutionGeometry, _ tail: ConvolutionTail) {
    precondition(geometry.isDepthwise && !tail.maxPool, "a depthwise convolution of \(geometry), \(tail)")
    self.geometry = geometry
    self.tail = tail
    channels = geometry.input.channels
    let stride = geometry.window.stride
    bandRows = max(Self.bandElements / (geometry.input.width * channels * stride.height), 1)
    outputs = Self.taps(geometry, rowRemainder: nil, columnRemainder: nil)
    inputGradients = (0..<min(stride.height, geometry.input.height)).flatMap { row in
      (0..<min(stride.width, geometry.input.width)).map { column in
        Self.taps(geometry, rowRemainder: row, columnRemainder: column)
      }
    }
  }

  private static func taps(
    _ geometry: ConvolutionGeometry, rowRemainder: Int?, columnRemainder: Int?
  ) -> TapSums {
    let (input, output, window) = (geometry.input, geometry.output, geometry.window)
    return TapSums(
      rows: TapAxis(
        inputs: input.height, outputs: output.height, size: window.size.height, stride: window.stride.height,
        before: window.padding.before.height, dilation: window.dilation.height, remainder: rowRemainder),
      columns: TapAxis(
        inputs: input.width, outputs: output.width, size: window.size.width, stride: window.stride.width,
        before: window.padding.before.width, dilation: window.dilation.width, remainder: columnRemainder),
      channels: input.channels)
  }

  /// Numbers in `sums` of 16 channels.
  var sumsPerBlock: Int { geometry.depth * 16 }

  /// Blocks of 16 channels.
  var blocks: Int { (channels + 15) / 16 }

  /// Bytes that a convolution holds, about: the sums of the gradients, unless there is no backward pass.
  static func memory(_ geometry: ConvolutionGeometry, forwardOnly: Bool) -> Double {
    forwardOnly ? 0 : 4 * Double((geometry.input.channels + 15) / 16 * 16) * Double(geometry.depth)
  }

  func forward(
    _ x: Span<Float>, count: Int, weight: Span<Float>, bias: Span<Float>, into y: inout MutableSpan<Float>,
    winners: inout MutableSpan<Int32>
  ) {
    check(x.count, weight.count, count)
    precondition(bias.isEmpty || bias.count == channels, "bias of \(bias.count) elements")
    let height = geometry.output.height
    for image in 0..<count {
      let images = TapSums.Images(
        source: x.address + image * geometry.input.count, weight: weight.address,
        filterWidth: geometry.window.size.width, bias: bias.isEmpty ? nil : bias.address,
        bounds: ActivationBounds(tail.activation), target: y.address + image * geometry.output.count,
        targetWidth: geometry.output.width)
      for first in stride(from: 0, to: height, by: bandRows) {
        outputs.write(first..<min(first + bandRows, height), images)
      }
    }
  }

  func check(_ x: Int, _ weight: Int, _ count: Int) {
    precondition(x == count * geometry.input.count, "\(x) inputs for \(count) images of \(geometry.input)")
    precondition(
      weight == geometry.depth * channels,
      "\(weight) weights for \(channels) filters of \(geometry.depth) cells")
  }
}
