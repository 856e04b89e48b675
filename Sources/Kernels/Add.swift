/// y = activation(a + b), element by element: the sum at the end of a residual block (He et al. 2016). The
/// gradient of a and of b is that of y before the activation, see `Activation.backward`.
package func add(
  _ a: Span<Float>, _ b: Span<Float>, _ activation: Activation = .identity, into y: inout MutableSpan<Float>
) {
  precondition(a.count == b.count && a.count == y.count, "\(a.count) + \(b.count) = \(y.count) numbers")
  let (count, bounds) = (y.count, ActivationBounds(activation))
  let (a, b, y) = (a.address, b.address, y.address)
  forEachBlock(of: count) { i, lanes in
    let sum = a.vector(at: i, lanes: lanes) + b.vector(at: i, lanes: lanes)
    y.store(bounds.clamp(sum), at: i, lanes: lanes)
  }
}

/// y = activation(y + x), element by element: adds one more to a sum without activation.
package func add(_ x: Span<Float>, _ activation: Activation = .identity, to y: inout MutableSpan<Float>) {
  precondition(x.count == y.count, "add \(x.count) numbers to \(y.count)")
  let (count, bounds) = (y.count, ActivationBounds(activation))
  let (x, y) = (x.address, y.address)
  forEachBlock(of: count) { i, lanes in
    let sum = y.vector(at: i, lanes: lanes) + x.vector(at: i, lanes: lanes)
    y.store(bounds.clamp(sum), at: i, lanes: lanes)
  }
}

extension Activation {
  /// dY becomes the gradient before the activation, for an output `y`: 0 where that was cut off.
  package func backward(y: Span<Float>, dY: inout MutableSpan<Float>) {
    guard self != .identity else { return }
    precondition(y.count == dY.count, "\(dY.count) gradients for \(y.count) outputs")
    let (count, bounds) = (y.count, ActivationBounds(self))
    let (y, dY) = (y.address, dY.address)
    forEachBlock(of: count) { i, lanes in
      let gradient = bounds.backward(dY.vector(at: i, lanes: lanes), y: y.vector(at: i, lanes: lanes))
      dY.store(gradient, at: i, lanes: lanes)
    }
  }
}
