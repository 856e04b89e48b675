import Tensors

/// y = the mean of each window of `count` images; the padding counts as zeros.
///
/// Shapes: x (N, H, W, C), y (N, OH, OW, C).
package func averagePool2D(
  _ x: Span<Float>, count: Int, input: Shape, output: Shape, window: Window, into y: inout MutableSpan<Float>
) {
  precondition(x.count >= count * input.count && y.count >= count * output.count, "\(x.count), \(y.count)")
  let share = 1 / Float(window.size.height * window.size.width)
  let (x, y) = (x.address, y.address)
  forEachPosition(count, input, output, window) { position, cells in
    forEachBlock(of: output.channels) { c, lanes in
      var sum = Vector.zero
      cells.forEach { _, offset in sum += x.vector(at: offset &+ c, lanes: lanes) }
      y.store(sum * share, at: position &* output.channels &+ c, lanes: lanes)
    }
  }
}

/// dX = each window's gradient, shared equally among its cells.
///
/// - Parameter dX: (N, H, W, C), overwritten.
package func averagePool2DBackward(
  dY: Span<Float>, count: Int, input: Shape, output: Shape, window: Window, into dX: inout MutableSpan<Float>
) {
  precondition(
    dX.count >= count * input.count && dY.count >= count * output.count, "\(dX.count), \(dY.count)")
  let share = 1 / Float(window.size.height * window.size.width)
  var all = dX[slice: 0..<count * input.count]
  all.update(repeating: 0)
  let (dX, dY) = (dX.address, dY.address)
  forEachPosition(count, input, output, window) { position, cells in
    forEachBlock(of: output.channels) { c, lanes in
      let part = dY.vector(at: position &* output.channels &+ c, lanes: lanes) * share
      cells.forEach { _, offset in
        let place = offset &+ c
        dX.store(dX.vector(at: place, lanes: lanes) + part, at: place, lanes: lanes)
      }
    }
  }
}
