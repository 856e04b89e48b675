import Kernels
import Tensors

/// The window of a pooling layer; its stride is its size unless given.
struct PoolingWindow: Codable, Sendable {
  let size: Size2D
  let stride: Size2D
  let padding: Size2D

  init(size: Int, stride: Int?, padding: Int) {
    self.size = Size2D(size)
    self.stride = Size2D(stride ?? size)
    self.padding = Size2D(padding)
  }

  private enum CodingKeys: String, CodingKey, CaseIterable { case size, stride, padding }

  init(from decoder: any Decoder) throws {
    let keys = try decoder.strictContainer(CodingKeys.self)
    size = try keys.decode(Size2D.self, forKey: .size)
    stride = try keys.decodeIfPresent(Size2D.self, forKey: .stride) ?? size
    padding = try keys.decodeIfPresent(Size2D.self, forKey: .padding) ?? Size2D(0)
  }

  var window: Window { Window(size: size, stride: stride, padding: padding) }

  func outputShape(for input: Shape) throws(LayerError) -> Shape {
    let positions = try window.checkedPositions(over: input)
    guard padding.height < size.height, padding.width < size.width else {
      throw LayerError("padding must be less than the window's size of \(size), found \(padding)")
    }
    return Shape(positions.height, positions.width, input.channels)
  }

  func inputRead(for output: Shape) -> (height: Int, width: Int) {
    let reach = window.reach(of: Size2D(output.height, output.width))
    return (reach.height, reach.width)
  }
}

extension Window {
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
    guard let positions = positions(over: input) else {
      throw LayerError(
        "a window of \(size.height)x\(size.width), padding \(padding), does not fit into the input \(input)")
    }
    return positions
  }
}
