/// The Euclidean norm of numbers, such as all gradients or those of one tensor: sqrt(sum of x^2).
///
/// They are summed in a fixed order, blocks of `squaresBlock` numbers in 64 lanes and the blocks in double
/// precision: equal numbers give the same bits on every rank. Infinite where a square overflows, from 1.8e19 on.
package func euclideanNorm(_ numbers: Span<Float>) -> Double {
  numbers.withUnsafeBufferPointer { numbers in
    var squares = 0.0
    var start = 0
    while start < numbers.count {
      let end = min(start + squaresBlock, numbers.count)
      squares += sumOfSquares(UnsafeBufferPointer(rebasing: numbers[start..<end]))
      start = end
    }
    return squares.squareRoot()
  }
}

/// How many squares are summed in single precision.
let squaresBlock = 1024

/// The sum of the squares of at most `squaresBlock` numbers, in a fixed order.
func sumOfSquares(_ numbers: UnsafeBufferPointer<Float>) -> Double {
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
