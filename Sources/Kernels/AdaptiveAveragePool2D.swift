import Tensors

/// Average pooling to an output of a given size, whatever the size of the input: output row i of OH is the mean
/// of input rows floor(i H / OH) ..< ceil((i + 1) H / OH), and columns likewise, as in PyTorch's
/// `AdaptiveAvgPool2d`. Where OH does not divide H, windows overlap.
///
/// Shapes: x (N, H, W, C), y (N, OH, OW, C).
package func adaptiveAveragePool2D(
  _ x: Span<Float>, count: Int, input: Shape, output: Shape, into y: inout MutableSpan<Float>
) {
  check(x.count, y.count, count, input, output)
  let (x, y, rowStride) = (x.address, y.address, input.width * input.channels)
  forEachAdaptiveWindow(count, input, output) { position, image, rows, columns in
    let share = 1 / Float(rows.count * columns.count)
    forEachBlock(of: output.channels) { c, lanes in
      var sum = Vector.zero
      for row in rows {
        // Row by row, which loses less of a large window than one long sum.
        var rowSum = Vector.zero
        let first = image &+ row &* rowStride &+ c
        for column in columns { rowSum += x.vector(at: first &+ column &* input.channels, lanes: lanes) }
        sum += rowSum
      }
      y.store(sum * share, at: position &* output.channels &+ c, lanes: lanes)
    }
  }
}

/// dX = each window's gradient, shared equally among its cells.
///
/// - Parameter dX: (N, H, W, C), overwritten.
package func adaptiveAveragePool2DBackward(
  dY: Span<Float>, count: Int, input: Shape, output: Shape, into dX: inout MutableSpan<Float>
) {
  check(dX.count, dY.count, count, input, output)
  dX.update(repeating: 0)
  let (dX, dY, rowStride) = (dX.address, dY.address, input.width * input.channels)
  forEachAdaptiveWindow(count, input, output) { position, image, rows, columns in
    let share = 1 / Float(rows.count * columns.count)
    forEachBlock(of: output.channels) { c, lanes in
      let part = dY.vector(at: position &* output.channels &+ c, lanes: lanes) * share
      for row in rows {
        let first = image &+ row &* rowStride &+ c
        for column in columns {
          let place = first &+ column &* input.channels
          dX.store(dX.vector(at: place, lanes: lanes) + part, at: place, lanes: lanes)
        }
      }
    }
  }
}

private func check(_ inputs: Int, _ outputs: Int, _ count: Int, _ input: Shape, _ output: Shape) {
  precondition(
    inputs == count * input.count && outputs == count * output.count && input.channels == output.channels,
    "\(inputs) inputs and \(outputs) outputs for \(count) images of \(input), pooled to \(output)")
}

/// Calls `body` for each output position of a batch, counted over the batch, with the place of its image and its
/// window's rows and columns.
@inline(__always)
private func forEachAdaptiveWindow(
  _ count: Int, _ input: Shape, _ output: Shape,
  _ body: (_ position: Int, _ image: Int, _ rows: Range<Int>, _ columns: Range<Int>) -> Void
) {
  var position = 0
  for image in 0..<count {
    for row in 0..<output.height {
      for column in 0..<output.width {
        body(
          position, image &* input.count, window(row, of: output.height, over: input.height),
          window(column, of: output.width, over: input.width))
        position &+= 1
      }
    }
  }
}

/// floor(index size / count) ..< ceil((index + 1) size / count)
private func window(_ index: Int, of count: Int, over size: Int) -> Range<Int> {
  index * size / count..<((index + 1) * size + count - 1) / count
}
