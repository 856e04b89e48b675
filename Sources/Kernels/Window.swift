import Tensors

/// A pair of numbers for the two axes of an image.
package struct Size2D: Hashable, Sendable, CustomStringConvertible {
  package var height: Int
  package var width: Int

  package init(_ height: Int, _ width: Int) {
    self.height = height
    self.width = width
  }

  package init(_ both: Int) { self.init(both, both) }

  package var description: String { height == width ? "\(height)" : "\(height)x\(width)" }
}

extension Size2D: Codable {
  /// As JSON: one number for both axes, or `[height, width]`.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let both = try? container.decode(Int.self) {
      self.init(both)
    } else if let pair = try? container.decode([Int].self), pair.count == 2 {
      self.init(pair[0], pair[1])
    } else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "expected a whole number or [height, width]")
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if height == width {
      try container.encode(height)
    } else {
      try container.encode([height, width])
    }
  }
}

/// The window that a convolution or pooling slides over an image.
package struct Window: Hashable, Sendable {
  package var size: Size2D
  package var stride: Size2D
  package var padding: Size2D

  package init(size: Size2D, stride: Size2D = Size2D(1), padding: Size2D = Size2D(0)) {
    self.size = size
    self.stride = stride
    self.padding = padding
  }

  /// Number of positions along each axis: floor((input + 2 padding - size) / stride) + 1.
  ///
  /// Nil when not even one window fits.
  package func positions(over input: Shape) -> Size2D? {
    let height = input.height + 2 * padding.height - size.height
    let width = input.width + 2 * padding.width - size.width
    guard height >= 0, width >= 0 else { return nil }
    return Size2D(height / stride.height + 1, width / stride.width + 1)
  }

  /// The part of the input, from its first row and column on, that windows at `positions` read.
  package func reach(of positions: Size2D) -> Size2D {
    Size2D(
      (positions.height - 1) * stride.height + size.height - padding.height,
      (positions.width - 1) * stride.width + size.width - padding.width)
  }

  /// Windows neither overlap nor reach over the edge.
  var tiles: Bool {
    size.height <= stride.height && size.width <= stride.width && padding == Size2D(0)
  }
}
