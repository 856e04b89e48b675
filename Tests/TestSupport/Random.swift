import Tensors

/// `count` numbers in [-1, 1), a function of the seed.
package func randomNumbers(_ count: Int, seed: UInt64) -> [Float] {
  var random = RandomStream(seed: seed, purpose: .initialization)
  return (0..<count).map { _ in random.uniform(-1, 1) }
}
