import Tensors

/// How a tensor looks in PyTorch's files: its shape there, and the order of its numbers.
///
/// Filters are (H, W, C, K) here and (K, C, H, W) there. So are the weights of a dense layer: (in, out) here,
/// where `in` runs over the flattened H, W, C of the input, and (out, in) there, where it runs over C, H, W.
package struct PyTorchForm: Sendable, Equatable {
  package let shape: [Int]
  /// Sizes H, W, C of a filter and their number K; nil where the order is the same here and there.
  private let filter: Shape?
  private let filters: Int

  /// The order of numbers is the same.
  package init(_ shape: [Int]) {
    self.shape = shape
    filter = nil
    filters = 1
  }

  /// A filter, or a dense layer's weights for inputs of shape `filter`.
  package init(_ shape: [Int], of filter: Shape, filters: Int) {
    self.shape = shape
    self.filter = filter
    self.filters = filters
  }

  /// The numbers in PyTorch's order.
  package func exported(_ numbers: Span<Float>) -> [Float] {
    [Float](unsafeUninitializedCapacity: numbers.count) { buffer, count in
      forEachPlace(count: numbers.count) { own, theirs in buffer[theirs] = numbers[own] }
      count = numbers.count
    }
  }

  /// Overwrites `numbers` with those of `exported`, which are in PyTorch's order.
  package func restore(_ exported: Span<Float>, to numbers: inout MutableSpan<Float>) {
    precondition(exported.count == numbers.count, "\(exported.count) numbers for \(numbers.count)")
    forEachPlace(count: numbers.count) { own, theirs in numbers[own] = exported[theirs] }
  }

  /// Calls `body` with each number's place here and there.
  private func forEachPlace(count: Int, _ body: (_ own: Int, _ theirs: Int) -> Void) {
    guard let filter else {
      for index in 0..<count { body(index, index) }
      return
    }
    let positions = filter.height * filter.width
    precondition(count == positions * filter.channels * filters, "\(count) numbers for \(shape)")
    for k in 0..<filters {
      for c in 0..<filter.channels {
        for position in 0..<positions {
          body(
            (position * filter.channels + c) * filters + k, (k * filter.channels + c) * positions + position)
        }
      }
    }
  }
}
