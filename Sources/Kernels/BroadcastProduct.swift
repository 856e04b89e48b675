import Tensors

/// y = a b, element by element; b is repeated along each axis along which it has one element.
///
/// Shapes: a and y (N, H, W, C), b (N, H or 1, W or 1, C or 1).
package func multiply(
  _ a: Span<Float>, _ shape: Shape, by b: Span<Float>, _ factor: Shape, count: Int,
  into y: inout MutableSpan<Float>
) {
  precondition(
    a.count == y.count && a.count == count * shape.count, "\(a.count), \(y.count) of \(count) \(shape)")
  let (a, y, pointer) = (a.address, y.address, b.address)
  forEachPair(shape, factor, b.count, count) { place, other in
    if factor.channels == 1 && shape.channels > 1 {
      let value = Vector(repeating: pointer[other])
      forEachBlock(of: shape.channels) { c, lanes in
        y.store(a.vector(at: place &+ c, lanes: lanes) * value, at: place &+ c, lanes: lanes)
      }
    } else {
      forEachBlock(of: shape.channels) { c, lanes in
        let value = pointer.vector(at: other &+ c, lanes: lanes)
        y.store(a.vector(at: place &+ c, lanes: lanes) * value, at: place &+ c, lanes: lanes)
      }
    }
  }
}

/// The gradient of b in `multiply`: dB = the sums of dY a along the axes along which b is repeated.
///
/// - Parameter dB: (N, H or 1, W or 1, C or 1), overwritten.
package func multiplyBackward(
  dY: Span<Float>, _ a: Span<Float>, _ shape: Shape, _ factor: Shape, count: Int,
  into dB: inout MutableSpan<Float>
) {
  precondition(
    a.count == dY.count && a.count == count * shape.count, "\(a.count), \(dY.count) of \(count) \(shape)")
  dB.update(repeating: 0)
  let (a, dY, size, pointer) = (a.address, dY.address, dB.count, dB.address)
  forEachPair(shape, factor, size, count) { place, other in
    if factor.channels == 1 && shape.channels > 1 {
      var sum = Vector.zero
      forEachBlock(of: shape.channels) { c, lanes in
        sum += dY.vector(at: place &+ c, lanes: lanes) * a.vector(at: place &+ c, lanes: lanes)
      }
      pointer[other] += sum.sum()
    } else {
      forEachBlock(of: shape.channels) { c, lanes in
        let product = dY.vector(at: place &+ c, lanes: lanes) * a.vector(at: place &+ c, lanes: lanes)
        pointer.store(pointer.vector(at: other &+ c, lanes: lanes) + product, at: other &+ c, lanes: lanes)
      }
    }
  }
}

/// Calls `body` for each position of `count` images of `shape` with the places of its channels and of those of the
/// factor there.
@inline(__always)
private func forEachPair(
  _ shape: Shape, _ factor: Shape, _ factorElements: Int, _ count: Int,
  _ body: (_ place: Int, _ factorPlace: Int) -> Void
) {
  precondition(
    factorElements == count * factor.count && [1, shape.height].contains(factor.height)
      && [1, shape.width].contains(factor.width) && [1, shape.channels].contains(factor.channels),
    "\(factorElements) factors of \(factor) for \(count) images of \(shape)")
  let rowStep = factor.height == 1 ? 0 : factor.width * factor.channels
  let columnStep = factor.width == 1 ? 0 : factor.channels
  var place = 0
  for image in 0..<count {
    for row in 0..<shape.height {
      var other = image &* factor.count &+ row &* rowStep
      for _ in 0..<shape.width {
        body(place, other)
        place &+= shape.channels
        other &+= columnStep
      }
    }
  }
}
