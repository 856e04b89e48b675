/// y = activation(y + bias) in place.
///
/// - Parameters:
///   - y: (rows, K).
///   - bias: (K), or empty for none.
package func addBias(
  _ bias: Span<Float>, activation: Activation, to y: inout MutableSpan<Float>, width: Int
) {
  precondition(bias.isEmpty || bias.count == width, "bias of \(bias.count) elements for rows of \(width)")
  precondition(y.count % width == 0, "\(y.count) elements in rows of \(width)")
  guard activation != .identity || !bias.isEmpty else { return }
  let (rows, hasBias) = (y.count / width, !bias.isEmpty)
  let bounds = ActivationBounds(activation)
  let (y, bias) = (y.address, bias.address)
  for row in 0..<rows {
    forEachBlock(of: width) { k, lanes in
      let place = row &* width &+ k
      var value = y.vector(at: place, lanes: lanes)
      if hasBias { value += bias.vector(at: k, lanes: lanes) }
      y.store(bounds.clamp(value), at: place, lanes: lanes)
    }
  }
}

/// The backward pass of `addBias`: dY becomes the gradient before the activation, and its column sums are
/// added to `dBias`.
///
/// - Parameters:
///   - y: (rows, K), the output of `addBias`.
///   - dY: (rows, K). Set to 0 where the activation cut off.
///   - dBias: (K), added to; or empty for none.
package func addBiasBackward(
  y: Span<Float>, activation: Activation, dY: inout MutableSpan<Float>, dBias: inout MutableSpan<Float>,
  width: Int
) {
  precondition(y.count == dY.count, "\(dY.count) gradients for \(y.count) outputs")
  precondition(dBias.isEmpty || dBias.count == width, "bias of \(dBias.count) elements for rows of \(width)")
  precondition(y.count % width == 0, "\(y.count) elements in rows of \(width)")
  let cuts = activation != .identity
  guard cuts || !dBias.isEmpty else { return }
  let (rows, hasBias) = (y.count / width, !dBias.isEmpty)
  let bounds = ActivationBounds(activation)
  let (y, dY, dBias) = (y.address, dY.address, dBias.address)
  forEachBlock(of: width) { k, lanes in
    var sum = Vector.zero
    for row in 0..<rows {
      let place = row &* width &+ k
      var gradient = dY.vector(at: place, lanes: lanes)
      if cuts {
        gradient = bounds.backward(gradient, y: y.vector(at: place, lanes: lanes))
        dY.store(gradient, at: place, lanes: lanes)
      }
      sum += gradient
    }
    if hasBias { dBias.store(dBias.vector(at: k, lanes: lanes) + sum, at: k, lanes: lanes) }
  }
}

/// Adds the column sums of `gradients`, (rows, K), to `dBias`, (K), which may be empty for none.
func sumColumns(of gradients: Span<Float>, addingTo dBias: inout MutableSpan<Float>, width: Int) {
  guard !dBias.isEmpty else { return }
  precondition(dBias.count == width && gradients.count % width == 0, "\(gradients.count) gradients")
  let (gradients, dBias, rows) = (gradients.address, dBias.address, gradients.count / width)
  forEachBlock(of: width) { k, lanes in
    var sum = dBias.vector(at: k, lanes: lanes)
    for row in 0..<rows { sum += gradients.vector(at: row &* width &+ k, lanes: lanes) }
    dBias.store(sum, at: k, lanes: lanes)
  }
}
