import Tensors

/// y = relu(x weight + bias), or without `relu`.
///
/// Shapes: x (N, I), weight (I, O), bias (O) or empty for none, y (N, O).
package func dense(
  _ x: Span<Float>, weight: Span<Float>, bias: Span<Float>, relu: Bool, into y: inout MutableSpan<Float>,
  inputs: Int, outputs: Int
) {
  multiply(x, weight, into: &y, m: x.count / inputs, n: outputs, k: inputs)
  addBias(bias, relu: relu, to: &y, width: outputs)
}

/// Gradients of `dense`.
///
/// - Parameters:
///   - y: (N, O), the output of `dense`.
///   - dY: (N, O); changed: 0 where ReLU cut off.
///   - dWeight: (I, O), overwritten: x^T dY.
///   - dBias: (O), overwritten; or empty for none.
///   - dX: (N, I), overwritten: dY weight^T; or empty where nobody needs it.
package func denseBackward(
  _ x: Span<Float>, y: Span<Float>, dY: inout MutableSpan<Float>, weight: Span<Float>, relu: Bool,
  dWeight: inout MutableSpan<Float>, dBias: inout MutableSpan<Float>, dX: inout MutableSpan<Float>,
  inputs: Int, outputs: Int
) {
  let count = x.count / inputs
  dBias.update(repeating: 0)
  addBiasBackward(y: y, relu: relu, dY: &dY, dBias: &dBias, width: outputs)
  multiply(x, transposeA: true, dY.span, into: &dWeight, m: inputs, n: outputs, k: count)
  if !dX.isEmpty { multiply(dY.span, weight, transposeB: true, into: &dX, m: count, n: inputs, k: outputs) }
}
