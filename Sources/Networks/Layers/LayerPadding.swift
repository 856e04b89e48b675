import Kernels
import Tensors

/// How a layer pads its input.
package enum LayerPadding: Hashable, Sendable {
  /// So many rows and columns of zeros.
  case cells(Padding2D)
  /// So many that the output has ceil(input / stride) rows and columns, as TensorFlow counts them: along each
  /// axis max((output - 1) * stride + dilation * (size - 1) + 1 - input, 0), half of them before the input, and
  /// the odd one after it.
  case same

  /// The padding of a layer that is `resolved(for:)` its input.
  package var resolved: Padding2D {
    guard case .cells(let cells) = self else { preconditionFailure("\"same\" padding for an unknown input") }
    return cells
  }

  /// The padding for windows over an input; that of `window` itself is not looked at.
  func cells(of window: Window, over input: Shape) -> Padding2D {
    switch self {
    case .cells(let cells): return cells
    case .same:
      func total(_ input: Int, _ stride: Int, _ extent: Int) -> Int {
        max((input + stride - 1) / stride * stride - stride + extent - input, 0)
      }
      let height = total(input.height, window.stride.height, window.extent.height)
      let width = total(input.width, window.stride.width, window.extent.width)
      let before = Size2D(height / 2, width / 2)
      return Padding2D(before: before, after: Size2D(height - before.height, width - before.width))
    }
  }
}

extension LayerPadding: Codable {
  /// As JSON: one number for all four edges, `[height, width]`, `[[top, bottom], [left, right]]`, or `"same"`.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let both = try? container.decode(Size2D.self) {
      self = .cells(Padding2D(both))
    } else if let edges = try? container.decode([[Int]].self), edges.map(\.count) == [2, 2] {
      self = .cells(
        Padding2D(
          before: Size2D(edges[0][0], edges[1][0]), after: Size2D(edges[0][1], edges[1][1])))
    } else if (try? container.decode(String.self)) == "same" {
      self = .same
    } else {
      throw DecodingError.dataCorruptedError(
        in: container,
        debugDescription:
          "expected a whole number, [height, width], [[top, bottom], [left, right]] or \"same\"")
    }
  }

  /// The shortest of these forms.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .same: try container.encode("same")
    case .cells(let cells) where cells.isSymmetric: try container.encode(cells.before)
    case .cells(let cells):
      try container.encode([
        [cells.before.height, cells.after.height], [cells.before.width, cells.after.width],
      ])
    }
  }
}

extension Window {
  static let limit = 4096

  /// The window with a layer's padding over an input.
  ///
  /// - Throws: when a number of it cannot be, or no window fits.
  func padded(_ padding: LayerPadding, over input: Shape) throws(LayerError) -> Window {
    guard size.height > 0, size.width > 0 else {
      throw LayerError("the window must be above 0, found \(size)")
    }
    guard stride.height > 0, stride.width > 0 else {
      throw LayerError("stride must be above 0, found \(stride)")
    }
    guard dilation.height > 0, dilation.width > 0 else {
      throw LayerError("dilation must be above 0, found \(dilation)")
    }
    try Self.checkLimit([size, stride, dilation])
    var window = self
    window.padding = padding.cells(of: self, over: input)
    try window.checkPadding(over: input)
    return window
  }

  private func checkPadding(over input: Shape) throws(LayerError) {
    let (before, after) = (padding.before, padding.after)
    guard min(before.height, before.width, after.height, after.width) >= 0 else {
      throw LayerError("padding must not be below 0, found \(padding)")
    }
    try Self.checkLimit([before, after])
    guard positions(over: input) != nil else {
      let holes = dilation == Size2D(1) ? "" : ", dilation \(dilation)"
      throw LayerError(
        "a window of \(size.height)x\(size.width)\(holes), padding \(padding), does not fit into the input "
          + "\(input)")
    }
  }

  private static func checkLimit(_ sizes: [Size2D]) throws(LayerError) {
    for numbers in sizes where max(numbers.height, numbers.width) > limit {
      throw LayerError("sizes, strides, dilations and paddings go up to \(limit), found \(numbers)")
    }
  }
}
