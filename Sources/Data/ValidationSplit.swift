import Tensors

/// Which samples of a training set are held out for validation: a random choice that is a pure function of
/// the seed, the same on every rank.
package struct ValidationSplit: Sendable {
  /// The numbers of the samples, both in rising order; together these are all.
  package let train: [Int]
  package let validation: [Int]

  /// - Parameter share: the part of the samples that is held out, rounded to whole samples, but at least one; and at
  ///   least one is left.
  /// - Throws: when there are not two samples.
  package init(count: Int, share: Double, seed: UInt64) throws(DataError) {
    guard count >= 2 else {
      throw DataError("--validation-split", expected: "at least 2 training images", found: "\(count)")
    }
    var random = RandomStream(seed: seed, purpose: .validationSplit)
    var order = Array(0..<count)
    for last in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(last, random.integer(below: last + 1))
    }
    let held = min(max(Int((share * Double(count)).rounded()), 1), count - 1)
    validation = order[..<held].sorted()
    train = order[held...].sorted()
  }
}
