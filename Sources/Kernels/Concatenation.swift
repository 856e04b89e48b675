/// Copies an input into its channels of a concatenation: y[p, offset + c] = x[p, c].
///
/// - Parameters:
///   - x: (N H W, c).
///   - channels: c, the number of its channels.
///   - offset: the first of them in y.
///   - y: (N H W, width); the other channels stay as they are.
package func concatenate(
  _ x: Span<Float>, channels: Int, at offset: Int, into y: inout MutableSpan<Float>, width: Int
) {
  let positions = positions(x.count, channels: channels, offset, y.count, width)
  let (x, y) = (x.address, y.address + offset)
  for position in 0..<positions { copy(x + position &* channels, to: y + position &* width, count: channels) }
}

/// The adjoint of `concatenate`: dX[p, c] = dY[p, offset + c].
///
/// - Parameters:
///   - dY: (N H W, width).
///   - dX: (N H W, c), overwritten.
package func concatenateBackward(
  dY: Span<Float>, width: Int, at offset: Int, into dX: inout MutableSpan<Float>, channels: Int
) {
  let positions = positions(dX.count, channels: channels, offset, dY.count, width)
  let (dX, dY) = (dX.address, dY.address + offset)
  for position in 0..<positions {
    copy(dY + position &* width, to: dX + position &* channels, count: channels)
  }
}

private func positions(_ x: Int, channels: Int, _ offset: Int, _ y: Int, _ width: Int) -> Int {
  precondition(
    channels > 0 && offset >= 0 && offset + channels <= width && x % channels == 0
      && y == x / channels * width,
    "\(x) numbers in channels \(offset)..<\(offset + channels) of \(y) numbers in rows of \(width)")
  return x / channels
}
