import Kernels
import Tensors

/// A layer that makes one number of each window, channel by channel.
///
/// Input H x W x C, output OH x OW x C with OH = floor((top + H + bottom - size) / stride) + 1, the padding above
/// and below, and OW likewise. The stride is the size unless given.
package protocol PoolingLayer: UnaryLayer {
  var pooling: PoolingWindow { get }
  init(pooling: PoolingWindow)
}

extension PoolingLayer {
  package static var shortName: String { "pool" }

  package init(size: Int, stride: Int? = nil, padding: Int = 0) {
    self.init(size: size, stride: stride, padding: .cells(Padding2D(padding)))
  }

  package init(size: Int, stride: Int? = nil, padding: LayerPadding) {
    self.init(
      pooling: PoolingWindow(size: Size2D(size), stride: Size2D(stride ?? size), padding: padding))
  }

  package init(from decoder: any Decoder) throws { self.init(pooling: try PoolingWindow(from: decoder)) }

  package func encode(to encoder: any Encoder) throws { try pooling.encode(to: encoder) }

  package func resolved(for inputs: [Shape]) -> Self {
    let padding = pooling.padding.cells(of: pooling.unpadded, over: inputs[0])
    return Self(
      pooling: PoolingWindow(size: pooling.size, stride: pooling.stride, padding: .cells(padding)))
  }

  package func outputShape(for input: Shape) throws(LayerError) -> Shape { try pooledShape(for: input) }

  func pooledShape(for input: Shape) throws(LayerError) -> Shape {
    let window = try pooling.unpadded.padded(pooling.padding, over: input)
    let (size, before, after) = (window.size, window.padding.before, window.padding.after)
    guard max(before.height, after.height) < size.height, max(before.width, after.width) < size.width else {
      throw LayerError("padding must be less than the window's size of \(size), found \(window.padding)")
    }
    let positions = window.positions(over: input)!
    return Shape(positions.height, positions.width, input.channels)
  }

  package func inputRead(for output: Shape) -> (height: Int, width: Int)? {
    let reach = pooling.window.reach(of: Size2D(output.height, output.width))
    return (reach.height, reach.width)
  }
}

/// The parameters of a pooling layer.
package struct PoolingWindow: Codable, Sendable {
  package let size: Size2D
  package let stride: Size2D
  package let padding: LayerPadding

  init(size: Size2D, stride: Size2D, padding: LayerPadding) {
    self.size = size
    self.stride = stride
    self.padding = padding
  }

  private enum CodingKeys: String, CodingKey, CaseIterable { case size, stride, padding }

  package init(from decoder: any Decoder) throws {
    let keys = try decoder.strictContainer(CodingKeys.self)
    size = try keys.decode(Size2D.self, forKey: .size)
    stride = try keys.decodeIfPresent(Size2D.self, forKey: .stride) ?? size
    padding = try keys.decodeIfPresent(LayerPadding.self, forKey: .padding) ?? .cells(Padding2D(0))
  }

  /// The window without its padding.
  var unpadded: Window { Window(size: size, stride: stride) }

  /// The window of a layer whose padding is resolved.
  var window: Window { Window(size: size, stride: stride, padding: padding.resolved) }
}
