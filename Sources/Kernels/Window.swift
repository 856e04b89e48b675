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

/// Rows and columns of zeros around an image.
package struct Padding2D: Hashable, Sendable, CustomStringConvertible {
  /// Rows above and columns on the left.
  package var before: Size2D
  /// Rows below and columns on the right.
  package var after: Size2D

  package init(before: Size2D, after: Size2D) {
    self.before = before
    self.after = after
  }

  package init(_ both: Size2D) { self.init(before: both, after: both) }

  package init(_ all: Int) { self.init(Size2D(all)) }

  package var isSymmetric: Bool { before == after }

  /// As in model files: `1`, `1x2`, or `[[top, bottom], [left, right]]`.
  package var description: String {
    isSymmetric
      ? "\(before)" : "[[\(before.height), \(after.height)], [\(before.width), \(after.width)]]"
  }
}

/// The window that a convolution or pooling slides over an image.
package struct Window: Hashable, Sendable {
  package var size: Size2D
  package var stride: Size2D
  package var padding: Padding2D
  /// Distance between neighbouring cells of the window: 1 where it has no holes.
  package var dilation: Size2D

  package init(
    size: Size2D, stride: Size2D = Size2D(1), padding: Padding2D, dilation: Size2D = Size2D(1)
  ) {
    self.size = size
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
  }

  package init(
    size: Size2D, stride: Size2D = Size2D(1), padding: Size2D = Size2D(0), dilation: Size2D = Size2D(1)
  ) {
    self.init(size: size, stride: stride, padding: Padding2D(padding), dilation: dilation)
  }

  /// Rows and columns from a window's first to its last cell: dilation * (size - 1) + 1.
  package var extent: Size2D {
    Size2D(dilation.height * (size.height - 1) + 1, dilation.width * (size.width - 1) + 1)
  }

  /// Number of positions along each axis: floor((before + input + after - extent) / stride) + 1.
  ///
  /// Nil when not even one window fits.
  package func positions(over input: Shape) -> Size2D? {
    let height = padding.before.height + input.height + padding.after.height - extent.height
    let width = padding.before.width + input.width + padding.after.width - extent.width
    guard height >= 0, width >= 0 else { return nil }
    return Size2D(height / stride.height + 1, width / stride.width + 1)
  }

  /// The part of the input, from its first row and column on, that windows at `positions` read.
  package func reach(of positions: Size2D) -> Size2D {
    Size2D(
      (positions.height - 1) * stride.height + extent.height - padding.before.height,
      (positions.width - 1) * stride.width + extent.width - padding.before.width)
  }

  /// Windows neither overlap nor reach over the edge.
  var tiles: Bool {
    extent.height <= stride.height && extent.width <= stride.width && padding == Padding2D(0)
  }
}
