import Kernels
import Tensors

/// A layer that makes one number of each window, channel by channel.
///
/// Input H x W x C, output OH x OW x C with OH = floor((H + 2 padding - size) / stride) + 1. The stride is
/// the size unless given.
package protocol PoolingLayer: UnaryLayer {
  var pooling: PoolingWindow { get }
  init(pooling: PoolingWindow)
}

extension PoolingLayer {
  package static var shortName: String { "pool" }

  package init(size: Int, stride: Int? = nil, padding: Int = 0) {
    self.init(
      pooling: PoolingWindow(
        size: Size2D(size), stride: Size2D(stride ?? size), padding: Size2D(padding)))
  }

  package init(from decoder: any Decoder) throws { self.init(pooling: try PoolingWindow(from: decoder)) }

  package func encode(to encoder: any Encoder) throws { try pooling.encode(to: encoder) }

  package func outputShape(for input: Shape) throws(LayerError) -> Shape {
    let positions = try pooling.window.checkedPositions(over: input)
    guard pooling.padding.height < pooling.size.height, pooling.padding.width < pooling.size.width else {
      throw LayerError(
        "padding must be less than the window's size of \(pooling.size), found \(pooling.padding)")
    }
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
  package let padding: Size2D

  init(size: Size2D, stride: Size2D, padding: Size2D) {
    self.size = size
    self.stride = stride
    self.padding = padding
  }

  private enum CodingKeys: String, CodingKey, CaseIterable { case size, stride, padding }

  package init(from decoder: any Decoder) throws {
    let keys = try decoder.strictContainer(CodingKeys.self)
    size = try keys.decode(Size2D.self, forKey: .size)
    stride = try keys.decodeIfPresent(Size2D.self, forKey: .stride) ?? size
    padding = try keys.decodeIfPresent(Size2D.self, forKey: .padding) ?? Size2D(0)
  }

  var window: Window { Window(size: size, stride: stride, padding: padding) }
}

extension Window {
  static let limit = 4096

  /// Number of positions along each axis, or why there is none.
  func checkedPositions(over input: Shape) throws(LayerError) -> Size2D {
    guard size.height > 0, size.width > 0 else {
      throw LayerError("the window must be above 0, found \(size)")
    }
    guard stride.height > 0, stride.width > 0 else {
      throw LayerError("stride must be above 0, found \(stride)")
    }
    guard padding.height >= 0, padding.width >= 0 else {
      throw LayerError("padding must not be below 0, found \(padding)")
    }
    for numbers in [size, stride, padding] where max(numbers.height, numbers.width) > Self.limit {
      throw LayerError("sizes, strides and paddings go up to \(Self.limit), found \(numbers)")
    }
    guard let positions = positions(over: input) else {
      throw LayerError(
        "a window of \(size.height)x\(size.width), padding \(padding), does not fit into the input \(input)")
    }
    return positions
  }
}
