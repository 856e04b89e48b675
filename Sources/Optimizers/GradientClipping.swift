/// The Euclidean norm of all gradients together: sqrt(sum of g^2).
///
/// Summed in a fixed order, blocks of 1,024 numbers in 64 lanes and the blocks in double precision: equal
/// gradients give the same bits on every rank. Infinite where a square overflows, from 1.8e19 on.
package func gradientNorm(_ gradients: Span<Float>) -> Double {
  gradients.withUnsafeBufferPointer { numbers in
    var squares = 0.0
    var start = 0
    while start < numbers.count {
      let end = min(start + 1024, numbers.count)
      squares += sumOfSquares(UnsafeBufferPointer(rebasing: numbers[start..<end]))
      start = end
    }
    return squares.squareRoot()
  }
}

private func sumOfSquares(_ numbers: UnsafeBufferPointer<Float>) -> Double {
  typealias Vector = SIMD16<Float>
  let bytes = UnsafeRawPointer(numbers.baseAddress!)
  func vector(_ index: Int) -> Vector { (bytes + 4 &* index).loadUnaligned(as: Vector.self) }
  var (a, b, c, d) = (Vector.zero, Vector.zero, Vector.zero, Vector.zero)
  var index = 0
  while index &+ 64 <= numbers.count {
    let (v, w, x, y) = (vector(index), vector(index &+ 16), vector(index &+ 32), vector(index &+ 48))
    a.addProduct(v, v)
    b.addProduct(w, w)
    c.addProduct(x, x)
    d.addProduct(y, y)
    index &+= 64
  }
  var sum = Double(((a + b) + (c + d)).sum())
  while index < numbers.count {
    sum += Double(numbers[index]) * Double(numbers[index])
    index &+= 1
  }
  return sum
}

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
  let norm = gradientNorm(gradients.span)
  let factor = Float(maximum / (norm + 1e-6))
  // Written so that a norm of NaN is not taken for a small one.
  guard !(factor >= 1) else { return norm }
  for index in gradients.indices { gradients[unchecked: index] *= factor }
  return norm
}
