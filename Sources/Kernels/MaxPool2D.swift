import Tensors

/// Max-pooling over windows.
///
/// Shapes: x (N, H, W, C), y (N, OH, OW, C). What lies in the padding never wins; NaN always does, so that a
/// diverged run is seen in its loss.
package struct MaxPool2DKernel: ~Copyable {
  package let input: Shape
  package let output: Shape
  private let window: Window
  /// For each output element the cell of its window, kh * KW + kw, that held the maximum.
  private var winners: AlignedBuffer<Int32>

  /// - Precondition: the window fits, and its padding is less than its size.
  package init(input: Shape, window: Window, maximumBatch: Int) {
    let positions = window.positions(over: input)
    precondition(positions != nil, "window \(window.size) over \(input)")
    let (before, after) = (window.padding.before, window.padding.after)
    precondition(
      max(before.height, after.height) < window.size.height
        && max(before.width, after.width) < window.size.width,
      "padding \(window.padding) of a window of \(window.size)")
    self.input = input
    self.window = window
    output = Shape(positions!.height, positions!.width, input.channels)
    winners = AlignedBuffer(repeating: 0, count: maximumBatch * output.count)
  }

  /// y = the maximum of each window of `count` images.
  package mutating func forward(_ x: Span<Float>, count: Int, into y: inout MutableSpan<Float>) {
    precondition(x.count >= count * input.count && y.count >= count * output.count, "\(x.count), \(y.count)")
    let channels = input.channels
    let (x, y, winners) = (x.address, y.address, winners.address)
    forEachPosition(count, input, output, window) { position, cells in
      let place = position &* channels
      maximum(x, cells, channels: channels, into: y + place, winners: winners + place)
    }
  }

  /// dX = for each input the sum of the gradients of the windows that it won.
  ///
  /// - Parameter dX: (N, H, W, C), overwritten.
  package func backward(dY: Span<Float>, count: Int, into dX: inout MutableSpan<Float>) {
    precondition(
      dX.count >= count * input.count && dY.count >= count * output.count, "\(dX.count), \(dY.count)")
    let covers =
      window.tiles && window.size == window.stride
      && window.reach(of: Size2D(output.height, output.width)) == Size2D(input.height, input.width)
    if !covers {
      var all = dX[slice: 0..<count * input.count]
      all.update(repeating: 0)
    }
    let (channels, tiles) = (input.channels, window.tiles)
    let (dX, dY, winners) = (dX.address, dY.address, winners.address)
    forEachPosition(count, input, output, window) { position, cells in
      let place = position &* channels
      scatter(dY + place, winners + place, cells, channels: channels, overwriting: tiles, into: dX)
    }
  }
}

/// The largest of a window's cells, and which it was, for each channel.
@inline(__always)
private func maximum(
  _ x: UnsafePointer<Float>, _ cells: WindowCells, channels: Int,
  into y: UnsafeMutablePointer<Float>, winners: UnsafeMutablePointer<Int32>
) {
  forEachBlock(of: channels) { c, lanes in
    var best = Vector(repeating: -.infinity)
    var winner = SIMD16<Int32>(repeating: cells.first)
    cells.forEach { cell, offset in
      let value = x.vector(at: offset + c, lanes: lanes)
      let wins = (value .> best) .| (value .!= value)
      best.replace(with: value, where: wins)
      winner.replace(with: SIMD16<Int32>(repeating: cell), where: wins)
    }
    y.store(best, at: c, lanes: lanes)
    winners.store(winner, at: c, lanes: lanes)
  }
}

/// Gives each channel's gradient to the cell that won.
@inline(__always)
private func scatter(
  _ dY: UnsafePointer<Float>, _ winners: UnsafePointer<Int32>, _ cells: WindowCells, channels: Int,
  overwriting: Bool, into dX: UnsafeMutablePointer<Float>
) {
  forEachBlock(of: channels) { c, lanes in
    let winner = winners.vector(at: c, lanes: lanes)
    let gradient = dY.vector(at: c, lanes: lanes)
    cells.forEach { cell, offset in
      let share = gradient.replacing(with: Vector.zero, where: winner .!= SIMD16<Int32>(repeating: cell))
      let before = overwriting ? Vector.zero : dX.vector(at: offset + c, lanes: lanes)
      dX.store(before + share, at: offset + c, lanes: lanes)
    }
  }
}
