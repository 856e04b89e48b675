import Tensors

/// Unrolls the windows of output rows `rows` of a batch into a matrix.
///
/// Output rows are counted over the batch: row r is row r % OH of image r / OH.
///
/// - Parameters:
///   - x: (N, H, W, C).
///   - group: whose C / G channels are unrolled.
///   - columns: (rows * OW, KH * KW * C / G); what lies in the padding is 0.
package func im2col(
  _ x: Span<Float>, _ geometry: ConvolutionGeometry, group: Int = 0, rows: Range<Int>,
  into columns: inout MutableSpan<Float>
) {
  check(geometry, rows, x: x.count, columns: columns.count)
  let (x, columns) = (x.address + group * geometry.channelsPerGroup, columns.address)
  forEachRun(geometry, rows) { place in
    let target = columns + place.column
    if place.before > 0 { (target - place.before).update(repeating: 0, count: place.before) }
    copy(x + place.image, to: target, count: place.count)
    if place.after > 0 { (target + place.count).update(repeating: 0, count: place.after) }
  }
}

/// The adjoint of `im2col`: adds each column element to the input element that it was copied from.
///
/// - Parameters:
///   - columns: (rows * OW, KH * KW * C / G).
///   - group: whose channels these are.
///   - dX: (N, H, W, C), added to.
package func col2im(
  _ columns: Span<Float>, _ geometry: ConvolutionGeometry, group: Int = 0, rows: Range<Int>,
  addingTo dX: inout MutableSpan<Float>
) {
  check(geometry, rows, x: dX.count, columns: columns.count)
  let (columns, dX) = (columns.address, dX.address + group * geometry.channelsPerGroup)
  forEachRun(geometry, rows) { place in
    accumulate(columns + place.column, to: dX + place.image, count: place.count)
  }
}

private func check(_ geometry: ConvolutionGeometry, _ rows: Range<Int>, x: Int, columns: Int) {
  precondition(
    columns >= rows.count * geometry.output.width * geometry.depth,
    "\(columns) elements for the columns of \(rows.count) rows")
  precondition(rows.upperBound * geometry.input.count <= x * geometry.output.height, "rows \(rows)")
}

/// Elements of a filter at one position that lie together in the column matrix and, as far as they are inside
/// of it, in the image: one row of the filter, or one cell where its cells do not lie together.
private struct FilterRun {
  /// Offset of the elements inside the image, in the batch.
  var image = 0
  /// Offset of the same elements in the columns.
  var column = 0
  /// Number of elements inside the image, and of those in the padding before and after them.
  var count = 0
  var before = 0
  var after = 0
}

/// Calls `body` for each run of each window of output rows `rows`, in the order of the columns.
@inline(__always)
private func forEachRun(_ geometry: ConvolutionGeometry, _ rows: Range<Int>, _ body: (FilterRun) -> Void) {
  if geometry.groups == 1 && geometry.window.dilation.width == 1 {
    forEachFilterRow(geometry, rows, body)
  } else {
    forEachFilterCell(geometry, rows, body)
  }
}

/// Runs of KW * C elements.
@inline(__always)
private func forEachFilterRow(
  _ geometry: ConvolutionGeometry, _ rows: Range<Int>, _ body: (FilterRun) -> Void
) {
  let (height, width, channels) = (geometry.input.height, geometry.input.width, geometry.input.channels)
  let (size, stride, padding) = (geometry.window.size, geometry.window.stride, geometry.window.padding.before)
  let (dilation, extent) = (geometry.window.dilation.height, geometry.window.extent.height)
  let (run, pitch) = (size.width * channels, dilation * width * channels)
  var column = 0
  for row in rows {
    let (image, oh) = row.quotientAndRemainder(dividingBy: geometry.output.height)
    let h = oh * stride.height - padding.height
    let isInsideRows = h >= 0 && h + extent <= height
    for ow in 0..<geometry.output.width {
      let w = ow * stride.width - padding.width
      var start = ((image * height + h) * width + w) * channels
      if isInsideRows && w >= 0 && w + size.width <= width {
        for _ in 0..<size.height {
          body(FilterRun(image: start, column: column, count: run))
          start &+= pitch
          column &+= run
        }
      } else {
        let columns = insideCells(of: size.width, from: w, dilation: 1, length: width)
        for kh in 0..<size.height {
          let isInside = h + kh * dilation >= 0 && h + kh * dilation < height
          let (before, end) = isInside ? (columns.lowerBound, columns.upperBound) : (0, 0)
          body(
            FilterRun(
              image: start + before * channels, column: column + before * channels,
              count: (end - before) * channels, before: before * channels, after: run - end * channels))
          start += pitch
          column += run
        }
      }
    }
  }
}

/// Runs of C / G elements, of the first group.
@inline(__always)
private func forEachFilterCell(
  _ geometry: ConvolutionGeometry, _ rows: Range<Int>, _ body: (FilterRun) -> Void
) {
  let (input, run, window) = (geometry.input, geometry.channelsPerGroup, geometry.window)
  let (size, stride, dilation) = (window.size, window.stride, window.dilation)
  var column = 0
  for row in rows {
    let (image, oh) = row.quotientAndRemainder(dividingBy: geometry.output.height)
    let h = oh * stride.height - window.padding.before.height
    for ow in 0..<geometry.output.width {
      let w = ow * stride.width - window.padding.before.width
      let columns = insideCells(of: size.width, from: w, dilation: dilation.width, length: input.width)
      for kh in 0..<size.height {
        let row = h + kh * dilation.height
        let inside = row >= 0 && row < input.height ? columns : 0..<0
        let start = ((image * input.height + row) * input.width + w) * input.channels
        for kw in 0..<size.width {
          let isInside = inside.contains(kw)
          body(
            FilterRun(
              image: start + kw * dilation.width * input.channels, column: column,
              count: isInside ? run : 0, after: isInside ? 0 : run))
          column += run
        }
      }
    }
  }
}
