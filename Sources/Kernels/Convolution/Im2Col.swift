import Tensors

/// Unrolls the windows of output rows `rows` of a batch into a matrix.
///
/// Output rows are counted over the batch: row r is row r % OH of image r / OH.
///
/// - Parameters:
///   - x: (N, H, W, C).
///   - columns: (rows * OW, KH * KW * C); what lies in the padding is 0.
package func im2col(
  _ x: Span<Float>, _ geometry: ConvolutionGeometry, rows: Range<Int>, into columns: inout MutableSpan<Float>
) {
  precondition(
    columns.count >= rows.count * geometry.output.width * geometry.depth,
    "\(columns.count) elements for the columns of \(rows.count) rows")
  precondition(rows.upperBound * geometry.input.count <= x.count * geometry.output.height, "rows \(rows)")
  let (x, columns) = (x.address, columns.address)
  forEachFilterRow(geometry, rows) { place in
    let target = columns + place.column
    if place.before > 0 { (target - place.before).update(repeating: 0, count: place.before) }
    copy(x + place.image, to: target, count: place.count)
    if place.after > 0 { (target + place.count).update(repeating: 0, count: place.after) }
  }
}

/// The adjoint of `im2col`: adds each column element to the input element that it was copied from.
///
/// - Parameters:
///   - columns: (rows * OW, KH * KW * C).
///   - dX: (N, H, W, C), added to.
package func col2im(
  _ columns: Span<Float>, _ geometry: ConvolutionGeometry, rows: Range<Int>,
  addingTo dX: inout MutableSpan<Float>
) {
  precondition(
    columns.count >= rows.count * geometry.output.width * geometry.depth,
    "\(columns.count) elements for the columns of \(rows.count) rows")
  precondition(rows.upperBound * geometry.input.count <= dX.count * geometry.output.height, "rows \(rows)")
  let (columns, dX) = (columns.address, dX.address)
  forEachFilterRow(geometry, rows) { place in
    accumulate(columns + place.column, to: dX + place.image, count: place.count)
  }
}

/// One row of a filter at one position: KW * C elements that lie together in the column matrix and, as far as
/// they are inside of it, in the image.
private struct FilterRow {
  /// Offset of the elements inside the image, in the batch.
  var image = 0
  /// Offset of the same elements in the columns.
  var column = 0
  /// Number of elements inside the image, and of those in the padding before and after them.
  var count = 0
  var before = 0
  var after = 0
}

/// Calls `body` for each filter row of each window of output rows `rows`, in the order of the columns.
@inline(__always)
private func forEachFilterRow(
  _ geometry: ConvolutionGeometry, _ rows: Range<Int>, _ body: (FilterRow) -> Void
) {
  let (height, width, channels) = (geometry.input.height, geometry.input.width, geometry.input.channels)
  let (size, stride, padding) = (geometry.window.size, geometry.window.stride, geometry.window.padding)
  let (run, pitch) = (size.width * channels, width * channels)
  var column = 0
  for row in rows {
    let (image, oh) = row.quotientAndRemainder(dividingBy: geometry.output.height)
    let h = oh * stride.height - padding.height
    let isInsideRows = h >= 0 && h + size.height <= height
    for ow in 0..<geometry.output.width {
      let w = ow * stride.width - padding.width
      var start = ((image * height + h) * width + w) * channels
      if isInsideRows && w >= 0 && w + size.width <= width {
        for _ in 0..<size.height {
          body(FilterRow(image: start, column: column, count: run))
          start &+= pitch
          column &+= run
        }
      } else {
        let first = max(-w, 0)
        for kh in 0..<size.height {
          let isInside = h + kh >= 0 && h + kh < height
          let (before, end) = isInside ? (first, max(min(width - w, size.width), first)) : (0, 0)
          body(
            FilterRow(
              image: start + before * channels, column: column + before * channels,
              count: (end - before) * channels, before: before * channels, after: run - end * channels))
          start += pitch
          column += run
        }
      }
    }
  }
}
