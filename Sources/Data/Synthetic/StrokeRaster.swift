/// Draws lines with a round pen, anti-aliased, on a square of pixels: white (255) on black.
struct StrokeRaster {
  let side: Int
  /// Ink of each pixel in 0...1, row by row.
  private(set) var ink: [Float]

  init(side: Int) {
    self.side = side
    ink = [Float](repeating: 0, count: side * side)
  }

  /// Draws the line from `start` to `end`, in pixels, where a pixel's centre has whole coordinates.
  ///
  /// Ink is full up to `radius` minus half of `softness` from the line and fades to none over `softness`.
  mutating func draw(
    from start: SIMD2<Float>, to end: SIMD2<Float>, radius: Float, softness: Float, strength: Float
  ) {
    let reach = radius + softness / 2
    let low = pointwiseMin(start, end) - reach
    let high = pointwiseMax(start, end) + reach
    let columns = clamped(low.x, high.x)
    let direction = end - start
    let squaredLength = max((direction * direction).sum(), 1e-12)
    for row in clamped(low.y, high.y) {
      for column in columns {
        let offset = SIMD2(Float(column), Float(row)) - start
        let along = min(max((offset * direction).sum() / squaredLength, 0), 1)
        let distance = offset - along * direction
        let gap = (distance * distance).sum().squareRoot()
        let value = min(max((reach - gap) / softness, 0), 1) * strength
        ink[row * side + column] = max(ink[row * side + column], value)
      }
    }
  }

  /// The pixels from `low` to `high` that are on the square.
  private func clamped(_ low: Float, _ high: Float) -> Range<Int> {
    let first = max(Int(low.rounded(.up)), 0)
    return first..<max(min(Int(high.rounded(.down)) + 1, side), first)
  }
}
