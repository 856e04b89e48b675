import Tensors

/// How pixels between those of an image are found.
package enum Interpolation: String, Sendable, Codable, CaseIterable {
  /// A triangle, which reaches one pixel far.
  case bilinear
  /// Keys' cubic with a = -1/2, which reaches two pixels far.
  case bicubic

  /// How far it reaches.
  fileprivate var support: Double { self == .bilinear ? 1 : 2 }

  /// The weight of a pixel at a distance.
  fileprivate func weight(at distance: Double) -> Double {
    let x = abs(distance)
    switch self {
    case .bilinear: return max(1 - x, 0)
    case .bicubic where x < 1: return (1.5 * x - 2.5) * x * x + 1
    case .bicubic where x < 2: return (((x - 5) * x + 8) * x - 4) * -0.5
    case .bicubic: return 0
    }
  }
}

extension DecodedImage {
  /// The image in another size, by a filter that is as wide as an output pixel where the image shrinks:
  /// `BILINEAR` or `BICUBIC` of Pillow 13, with its arithmetic (weights of 22 bits, bytes between the passes) and
  /// its order of the passes, so that the bytes are those that a model sees which was trained with
  /// torchvision.
  ///
  /// - Parameters:
  ///   - rows, columns: the part of it that is wanted; nil for all. No more is computed than that needs.
  package func resized(
    height: Int, width: Int, _ interpolation: Interpolation = .bilinear, rows: Range<Int>? = nil,
    columns: Range<Int>? = nil
  ) -> DecodedImage {
    precondition(height > 0 && width > 0, "resize to \(height)x\(width)")
    let rowFilter = ResizeFilter(interpolation, from: shape.height, to: height, positions: rows)
    let columnFilter = ResizeFilter(interpolation, from: shape.width, to: width, positions: columns)
    let needed = cropped(rows: rowFilter.inputs, columns: columnFilter.inputs)
    // The order found in Pillow's output; it decides roundings, which are 1 of 255 at most.
    let rowsFirst = height < shape.height && shape.height - height > 2 * (shape.width - width)
    return rowsFirst
      ? needed.resizedRows(rowFilter).resizedColumns(columnFilter)
      : needed.resizedColumns(columnFilter).resizedRows(rowFilter)
  }

  /// A part of the image.
  func cropped(rows: Range<Int>, columns: Range<Int>) -> DecodedImage {
    guard rows != 0..<shape.height || columns != 0..<shape.width else { return self }
    var target: [UInt8] = []
    target.reserveCapacity(rows.count * columns.count * shape.channels)
    for y in rows {
      let start = (y * shape.width + columns.lowerBound) * shape.channels
      target += pixels[start..<start + columns.count * shape.channels]
    }
    return DecodedImage(shape: Shape(rows.count, columns.count, shape.channels), pixels: target)
  }

  private func resizedColumns(_ filter: ResizeFilter) -> DecodedImage {
    guard !filter.isIdentity else { return self }
    let (channels, width) = (shape.channels, filter.count)
    var target = [UInt8](repeating: 0, count: shape.height * width * channels)
    for y in 0..<shape.height {
      let row = y * shape.width * channels
      for x in 0..<width {
        for c in 0..<channels {
          target[(y * width + x) * channels + c] = filter.value(at: x) {
            pixels[row + $0 * channels + c]
          }
        }
      }
    }
    return DecodedImage(shape: Shape(shape.height, width, channels), pixels: target)
  }

  private func resizedRows(_ filter: ResizeFilter) -> DecodedImage {
    guard !filter.isIdentity else { return self }
    let (row, height) = (shape.width * shape.channels, filter.count)
    var target = [UInt8](repeating: 0, count: height * row)
    for y in 0..<height {
      for x in 0..<row {
        target[y * row + x] = filter.value(at: y) { pixels[$0 * row + x] }
      }
    }
    return DecodedImage(shape: Shape(height, shape.width, shape.channels), pixels: target)
  }
}

/// What each output position of one axis takes of which input positions.
private struct ResizeFilter {
  /// All input positions that are taken from.
  let inputs: Range<Int>
  /// Nothing changes.
  let isIdentity: Bool
  /// The first of them that an output position takes from, counted from that of `inputs`, by output position.
  private let starts: [Int]
  /// The weights of the input positions from the first on, times 2^22, by output position.
  private let weights: [[Int]]

  private static let bits = 22

  /// - Parameter positions: the output positions that are wanted; nil for all.
  init(_ interpolation: Interpolation, from size: Int, to newSize: Int, positions: Range<Int>?) {
    let positions = positions ?? 0..<newSize
    isIdentity = size == newSize
    guard !isIdentity else {
      (inputs, starts, weights) = (positions, [], [])
      return
    }
    let scale = Double(size) / Double(newSize)
    let shrinking = max(scale, 1)
    let (support, factor) = (interpolation.support * shrinking, 1 / shrinking)
    var (starts, weights): ([Int], [[Int]]) = ([], [])
    for position in positions {
      let center = (Double(position) + 0.5) * scale
      let first = max(Int(center - support + 0.5), 0)
      let end = min(Int(center + support + 0.5), size)
      let raw = (first..<end).map { interpolation.weight(at: (Double($0) - center + 0.5) * factor) }
      let sum = raw.reduce(0, +)
      starts.append(first)
      weights.append(
        raw.map { Int(($0 / sum * Double(1 << Self.bits)).rounded(.toNearestOrAwayFromZero)) })
    }
    let first = starts[0]
    inputs = first..<zip(starts, weights).map { $0 + $1.count }.max()!
    self.starts = starts.map { $0 - first }
    self.weights = weights
  }

  /// Number of output positions.
  var count: Int { isIdentity ? inputs.count : starts.count }

  @inline(__always)
  func value(at position: Int, _ input: (Int) -> UInt8) -> UInt8 {
    let start = starts[position]
    var sum = 1 << (Self.bits - 1)
    for (offset, weight) in weights[position].enumerated() { sum += Int(input(start + offset)) * weight }
    return UInt8(min(max(sum >> Self.bits, 0), 255))
  }
}
