/// y = activation(x weight + bias).
///
/// Shapes: x (N, I), weight (I, O), bias (O) or empty for none, y (N, O).
package func dense(
  _ x: Span<Float>, weight: Span<Float>, bias: Span<Float>, activation: Activation,
  into y: inout MutableSpan<Float>, inputs: Int, outputs: Int
) {
  let count = x.count / inputs
  precondition(
    x.count == count * inputs && weight.count == inputs * outputs && y.count == count * outputs,
    "(\(count) x \(inputs)) (\(inputs) x \(outputs)) with \(weight.count) weights, \(y.count) outputs")
  let part = inputsAtOnce(count, inputs, outputs)
  for first in stride(from: 0, to: inputs, by: part) {
    product(
      x.address + first, rowOfA: inputs, weight.address + first * outputs, y.address, m: count, n: outputs,
      k: min(part, inputs - first), beta: first == 0 ? 0 : 1)
  }
  addBias(bias, activation: activation, to: &y, width: outputs)
}

/// Gradients of `dense`.
///
/// - Parameters:
///   - y: (N, O), the output of `dense`.
///   - dY: (N, O); changed: 0 where the activation cut off.
///   - dWeight: (I, O), overwritten: x^T dY; or empty where nobody needs it.
///   - dBias: (O), overwritten; or empty for none.
///   - dX: (N, I), overwritten: dY weight^T; or empty where nobody needs it.
package func denseBackward(
  _ x: Span<Float>, y: Span<Float>, dY: inout MutableSpan<Float>, weight: Span<Float>,
  activation: Activation, dWeight: inout MutableSpan<Float>, dBias: inout MutableSpan<Float>,
  dX: inout MutableSpan<Float>, inputs: Int, outputs: Int
) {
  let count = x.count / inputs
  dBias.update(repeating: 0)
  addBiasBackward(y: y, activation: activation, dY: &dY, dBias: &dBias, width: outputs)
  precondition(
    x.count == count * inputs && (dWeight.isEmpty || dWeight.count == inputs * outputs)
      && dY.count == count * outputs,
    "(\(count) x \(inputs))^T (\(count) x \(outputs)) with \(dWeight.count) weights, \(dY.count) outputs")
  let part = inputsAtOnce(count, inputs, outputs)
  for first in stride(from: 0, to: dWeight.isEmpty ? 0 : inputs, by: part) {
    product(
      x.address + first, rowOfA: inputs, transposeA: true, dY.address, dWeight.address + first * outputs,
      m: min(part, inputs - first), n: outputs, k: count)
  }
  if !dX.isEmpty { multiply(dY.span, weight, transposeB: true, into: &dX, m: count, n: inputs, k: outputs) }
}

/// How many inputs a product takes at once. OpenBLAS copies the matrices of large products into an order of
/// its own first, which for few samples takes half as long as the product; small ones it computes in place.
private func inputsAtOnce(_ count: Int, _ inputs: Int, _ outputs: Int) -> Int {
  let fitting = 512 * 1024 / (count * outputs) / 16 * 16
  return fitting >= 32 ? min(fitting, inputs) : inputs
}
