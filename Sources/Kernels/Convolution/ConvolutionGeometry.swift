import Tensors

/// Geometry of a convolution over one image: H, W, C are the input's sizes, OH, OW the output's, K the
/// filters'.
///
/// With G groups the g-th C / G channels of the input give the g-th K / G of the output and no others.
package struct ConvolutionGeometry: Hashable, Sendable {
  package let input: Shape
  package let window: Window
  /// (OH, OW, K). May leave out last rows and columns that nobody reads.
  package let output: Shape
  package let groups: Int

  package init(input: Shape, window: Window, output: Shape, groups: Int = 1) {
    let positions = window.positions(over: input)
    precondition(
      positions != nil && output.height <= positions!.height && output.width <= positions!.width,
      "output \(output) of a \(window.size) convolution over \(input)")
    precondition(
      groups > 0 && input.channels % groups == 0 && output.channels % groups == 0,
      "\(groups) groups of \(input.channels) channels and \(output.channels) filters")
    self.input = input
    self.window = window
    self.output = output
    self.groups = groups
  }

  /// C / G, the channels that a filter reads.
  package var channelsPerGroup: Int { input.channels / groups }

  /// K / G.
  package var filtersPerGroup: Int { output.channels / groups }

  /// Columns of a group's unrolled matrix, and elements of a filter: KH * KW * C / G.
  package var depth: Int { window.size.height * window.size.width * channelsPerGroup }

  /// Each channel has a filter of its own.
  package var isDepthwise: Bool {
    groups > 1 && groups == input.channels && groups == output.channels
  }

  /// The unrolled matrix is the input itself.
  var isPointwise: Bool {
    window.size == Size2D(1) && window.stride == Size2D(1) && window.padding == Padding2D(0)
      && output.height == input.height && output.width == input.width
  }
}

/// What an operation does with a convolution's outputs before it writes them: bias, then these.
package struct ConvolutionTail: Hashable, Sendable {
  package var activation: Activation
  /// Max-pooling over 2 x 2 windows, stride 2, that cover the outputs exactly.
  package var maxPool: Bool

  package init(_ activation: Activation = .identity, maxPool: Bool = false) {
    self.activation = activation
    self.maxPool = maxPool
  }

  /// Shape of y for a convolution's output.
  package func shape(of output: Shape) -> Shape {
    maxPool ? Shape(output.height / 2, output.width / 2, output.channels) : output
  }
}
