import Tensors

/// Blanks a square at a random place, which may lie partly outside of the image (DeVries and Taylor 2017): there the
/// network sees the mean color.
package struct Cutout: Sendable {
  private let side: Int
  private let shape: Shape

  package init(side: Int, _ shape: Shape) { (self.side, self.shape) = (side, shape) }

  /// - Parameter target: (H, W, C), normalised.
  package func apply(_ random: inout RandomStream, _ target: inout MutableSpan<Float>) {
    func range(_ length: Int) -> Range<Int> {
      let first = random.integer(below: length) - side / 2
      return max(first, 0)..<max(min(first + side, length), 0)
    }
    let (rows, columns) = (range(shape.height), range(shape.width))
    for y in rows {
      let line = y * shape.width
      for index in (line + columns.lowerBound) * shape.channels..<(line + columns.upperBound) * shape.channels
      {
        target[index] = 0
      }
    }
  }
}
