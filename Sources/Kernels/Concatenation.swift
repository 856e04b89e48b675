/// Writes the rows of x, (rows, width), to the columns from `offset` on of y, (rows, total).
///
/// Concatenation of images along their channels is this for each of them, with a row a position.
package func insertColumns(
  _ x: Span<Float>, width: Int, at offset: Int, of total: Int, into y: inout MutableSpan<Float>
) {
  let rows = checkedRows(x.count, y.count, width, offset, total)
  let (x, y) = (x.address, y.address)
  for row in 0..<rows { copy(x + row * width, to: y + (row * total + offset), count: width) }
}

/// The adjoint of `insertColumns`: writes the columns from `offset` on of y, (rows, total), to x, (rows, width).
package func extractColumns(
  _ y: Span<Float>, width: Int, at offset: Int, of total: Int, into x: inout MutableSpan<Float>
) {
  let rows = checkedRows(x.count, y.count, width, offset, total)
  let (x, y) = (x.address, y.address)
  for row in 0..<rows { copy(y + (row * total + offset), to: x + row * width, count: width) }
}

private func checkedRows(_ x: Int, _ y: Int, _ width: Int, _ offset: Int, _ total: Int) -> Int {
  precondition(
    width > 0 && offset >= 0 && offset + width <= total && x % width == 0 && x / width * total == y,
    "\(x) elements in rows of \(width) at \(offset) of \(y) in rows of \(total)")
  return x / width
}
