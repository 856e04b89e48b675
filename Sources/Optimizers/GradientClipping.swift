/// Scales the gradients down to the norm `maximum` where theirs is larger, as
/// `torch.nn.utils.clip_grad_norm_`:
///
///     g *= min(1, maximum / (norm + 1e-6))
///
/// A norm that is not finite makes all gradients NaN or 0: that the training diverged is seen by its loss.
///
/// - Returns: the norm before.
@discardableResult
package func clipGradients(_ gradients: inout MutableSpan<Float>, toNorm maximum: Double) -> Double {
  let norm = euclideanNorm(gradients.span)
  let factor = Float(maximum / (norm + 1e-6))
  // Written so that a norm of NaN is not taken for a small one.
  guard !(factor >= 1) else { return norm }
  for index in gradients.indices { gradients[unchecked: index] *= factor }
  return norm
}
