import Tensors

/// Writes the numbers of each image in the order C, H, W, as PyTorch flattens them.
///
/// Shapes: x (N, H, W, C), y (N, C, H, W).
package func flatten(_ x: Span<Float>, count: Int, input: Shape, into y: inout MutableSpan<Float>) {
  transpose(x, count: count, rows: input.height * input.width, columns: input.channels, into: &y)
}

/// The adjoint of `flatten`: dX (N, H, W, C) takes each number of dY (N, C, H, W), and is overwritten.
package func flattenBackward(dY: Span<Float>, count: Int, input: Shape, into dX: inout MutableSpan<Float>) {
  transpose(dY, count: count, rows: input.channels, columns: input.height * input.width, into: &dX)
}

/// Transposes `count` matrices, (rows, columns) each, in blocks of 16 x 16 that stay in the cache.
private func transpose(
  _ source: Span<Float>, count: Int, rows: Int, columns: Int, into target: inout MutableSpan<Float>
) {
  let size = rows * columns
  precondition(
    source.count == count * size && target.count == source.count,
    "\(source.count) and \(target.count) numbers for \(count) matrices of \(rows) x \(columns)")
  guard rows > 1, columns > 1 else { return target.copy(from: source) }
  let (source, target) = (source.address, target.address)
  for matrix in 0..<count {
    let (from, to) = (source + matrix * size, target + matrix * size)
    for row in stride(from: 0, to: rows, by: 16) {
      for column in stride(from: 0, to: columns, by: 16) {
        for i in row..<min(row + 16, rows) {
          for j in column..<min(column + 16, columns) { to[j &* rows &+ i] = from[i &* columns &+ j] }
        }
      }
    }
  }
}
