import Tensors

/// The cells of one window that lie inside the image.
struct WindowCells {
  /// Offset in the batch of the cell that would be at (0, 0), possibly outside.
  let origin: Int
  let rows: Range<Int>
  let columns: Range<Int>
  /// Distances between neighbours: from row to row and from pixel to pixel.
  let rowStride: Int
  let pixelStride: Int
  let windowWidth: Int

  /// Number of the first cell, kh * KW + kw.
  var first: Int32 { Int32(rows.lowerBound * windowWidth + columns.lowerBound) }

  /// Calls `body` with each cell's number, kh * KW + kw, and the offset of its first channel in the batch.
  @inline(__always)
  func forEach(_ body: (_ cell: Int32, _ offset: Int) -> Void) {
    var row = rows.lowerBound
    while row < rows.upperBound {
      var column = columns.lowerBound
      while column < columns.upperBound {
        body(
          Int32(truncatingIfNeeded: row &* windowWidth &+ column),
          origin &+ row &* rowStride &+ column &* pixelStride)
        column &+= 1
      }
      row &+= 1
    }
  }
}

/// Calls `body` for each output position of a batch, counted over the batch, with the cells of its window.
@inline(__always)
func forEachPosition(
  _ count: Int, _ input: Shape, _ output: Shape, _ window: Window,
  _ body: (_ position: Int, _ cells: WindowCells) -> Void
) {
  var position = 0
  for image in 0..<count {
    for oh in 0..<output.height {
      let h = oh * window.stride.height - window.padding.height
      let rows = max(-h, 0)..<min(input.height - h, window.size.height)
      for ow in 0..<output.width {
        let w = ow * window.stride.width - window.padding.width
        body(
          position,
          WindowCells(
            origin: ((image * input.height + h) * input.width + w) * input.channels, rows: rows,
            columns: max(-w, 0)..<min(input.width - w, window.size.width),
            rowStride: input.width * input.channels, pixelStride: input.channels,
            windowWidth: window.size.width))
        position += 1
      }
    }
  }
}
