import Tensors

/// Products of two tensors, of which the second one repeats along the axes where it has size 1.
///
/// Shapes: a, y and their gradients (N, H, W, C); b and its gradient (N, h, w, c) with h = H or 1, w = W or 1,
/// c = C or 1. A factor for each channel, as in squeeze-and-excitation (Hu et al. 2018), is (N, 1, 1, C).
package struct BroadcastMultiply: Sendable {
  /// (H, W, C)
  package let shape: Shape
  /// (h, w, c)
  package let factor: Shape

  package init(_ shape: Shape, by factor: Shape) {
    precondition(Self.fits(factor, to: shape), "a factor of \(factor) for \(shape)")
    self.shape = shape
    self.factor = factor
  }

  /// Says whether each of the factor's sizes is the same or 1.
  package static func fits(_ factor: Shape, to shape: Shape) -> Bool {
    [
      (factor.height, shape.height), (factor.width, shape.width), (factor.channels, shape.channels),
    ].allSatisfy { $0 == $1 || $0 == 1 }
  }

  /// y = a b. It is also the gradient of a, for a = dY.
  package func forward(_ a: Span<Float>, _ b: Span<Float>, count: Int, into y: inout MutableSpan<Float>) {
    check(a.count, b.count, y.count, count)
    let (a, b, y, channels) = (a.address, b.address, y.address, shape.channels)
    let repeats = factor.channels == 1 && channels > 1
    forEachFactor(count) { place, image, rows, columns in
      for row in rows {
        for column in columns {
          let first = image &+ (row &* shape.width &+ column) &* channels
          forEachBlock(of: channels) { c, lanes in
            let factor =
              repeats ? Vector(repeating: b[place]) : b.vector(at: place &+ c, lanes: lanes)
            y.store(a.vector(at: first &+ c, lanes: lanes) * factor, at: first &+ c, lanes: lanes)
          }
        }
      }
    }
  }

  /// dB = dY a, summed over the axes along which b repeats.
  ///
  /// - Parameter dB: (N, h, w, c), overwritten.
  package func factorGradient(
    dY: Span<Float>, _ a: Span<Float>, count: Int, into dB: inout MutableSpan<Float>
  ) {
    check(a.count, dB.count, dY.count, count)
    let (a, dY, dB, channels) = (a.address, dY.address, dB.address, shape.channels)
    let repeats = factor.channels == 1 && channels > 1
    forEachFactor(count) { place, image, rows, columns in
      var total: Float = 0
      forEachBlock(of: channels) { c, lanes in
        var sum = Vector.zero
        for row in rows {
          // Row by row, which loses less of a large image than one long sum.
          var rowSum = Vector.zero
          for column in columns {
            let i = image &+ (row &* shape.width &+ column) &* channels &+ c
            rowSum.addProduct(dY.vector(at: i, lanes: lanes), a.vector(at: i, lanes: lanes))
          }
          sum += rowSum
        }
        if repeats { total += sum.sum() } else { dB.store(sum, at: place &+ c, lanes: lanes) }
      }
      if repeats { dB[place] = total }
    }
  }

  /// Calls `body` for each position of b in a batch: its place there, the place of its image in a, and the rows
  /// and columns that it multiplies.
  @inline(__always)
  private func forEachFactor(
    _ count: Int, _ body: (_ place: Int, _ image: Int, _ rows: Range<Int>, _ columns: Range<Int>) -> Void
  ) {
    var place = 0
    for image in 0..<count {
      for row in 0..<factor.height {
        for column in 0..<factor.width {
          body(
            place, image &* shape.count, factor.height == 1 ? 0..<shape.height : row..<row + 1,
            factor.width == 1 ? 0..<shape.width : column..<column + 1)
          place &+= factor.channels
        }
      }
    }
  }

  private func check(_ a: Int, _ b: Int, _ y: Int, _ count: Int) {
    precondition(
      a == count * shape.count && b == count * factor.count && y == a,
      "\(a), \(b) and \(y) numbers for \(count) products of \(shape) by \(factor)")
  }
}
