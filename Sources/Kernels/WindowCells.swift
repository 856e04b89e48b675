import Tensors

/// The cells of one window that lie inside the image.
struct WindowCells {
  /// Offset in the batch of the cell that would be at (0, 0), possibly outside.
  let origin: Int
  let rows: Range<Int>
  let columns: Range<Int>
  /// Distances between neighbours: from row to row and from cell to cell of a row.
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
  let (size, dilation) = (window.size, window.dilation)
  var position = 0
  for image in 0..<count {
    for oh in 0..<output.height {
      let h = oh * window.stride.height - window.padding.before.height
      let rows = insideCells(of: size.height, from: h, dilation: dilation.height, length: input.height)
      for ow in 0..<output.width {
        let w = ow * window.stride.width - window.padding.before.width
        body(
          position,
          WindowCells(
            origin: ((image * input.height + h) * input.width + w) * input.channels, rows: rows,
            columns: insideCells(of: size.width, from: w, dilation: dilation.width, length: input.width),
            rowStride: dilation.height * input.width * input.channels,
            pixelStride: dilation.width * input.channels, windowWidth: size.width))
        position += 1
      }
    }
  }
}

/// The cells of `size`, at `start`, `start` + `dilation`, ..., that lie in 0..<`length`.
@inline(__always)
func insideCells(of size: Int, from start: Int, dilation: Int, length: Int) -> Range<Int> {
  if dilation == 1 {
    let first = min(max(-start, 0), size)
    return first..<max(min(length - start, size), first)
  }
  let first = min(max((dilation - 1 - start) / dilation, 0), size)
  return first..<max(min((length - start + dilation - 1) / dilation, size), first)
}
