import Tensors

/// The order in which an epoch visits the samples: a permutation that is a pure function of (seed, epoch),
/// the same on every rank (Fisher and Yates, Durstenfeld 1964).
package func epochOrder(count: Int, seed: UInt64, epoch: Int) -> [UInt32] {
  var random = RandomStream(seed: seed, purpose: .shuffle, time: epoch)
  var order = Array(0..<UInt32(count))
  for last in stride(from: count - 1, to: 0, by: -1) {
    order.swapAt(last, random.integer(below: last + 1))
  }
  return order
}
