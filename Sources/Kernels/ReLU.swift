/// y = max(x, 0). NaN stays NaN, so that a diverged run is seen in its loss.
package func relu(_ x: Span<Float>, into y: inout MutableSpan<Float>) {
  precondition(x.count == y.count, "\(y.count) outputs for \(x.count) inputs")
  for index in x.indices {
    let value = x[unchecked: index]
    y[unchecked: index] = value < 0 ? 0 : value
  }
}

/// dX = dY where y > 0, else 0.
package func reluBackward(y: Span<Float>, dY: Span<Float>, into dX: inout MutableSpan<Float>) {
  precondition(y.count == dY.count && y.count == dX.count, "\(y.count), \(dY.count), \(dX.count) elements")
  for index in y.indices {
    dX[unchecked: index] = y[unchecked: index] <= 0 ? 0 : dY[unchecked: index]
  }
}
