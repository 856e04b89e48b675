import Tensors

/// Geometry of a convolution over one image: H, W, C are the input's sizes, OH, OW the output's, K the
/// filters'.
package struct ConvolutionGeometry: Hashable, Sendable {
  package let input: Shape
  package let window: Window
  /// (OH, OW, K). May leave out last rows and columns that nobody reads.
  package let output: Shape

  package init(input: Shape, window: Window, output: Shape) {
    let positions = window.positions(over: input)
    precondition(
      positions != nil && output.height <= positions!.height && output.width <= positions!.width,
      "output \(output) of a \(window.size) convolution over \(input)")
    self.input = input
    self.window = window
    self.output = output
  }

  /// Columns of the unrolled matrix: KH * KW * C.
  package var depth: Int { window.size.height * window.size.width * input.channels }

  /// The unrolled matrix is the input itself.
  var isPointwise: Bool {
    window.size == Size2D(1) && window.stride == Size2D(1) && window.padding == Size2D(0)
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
