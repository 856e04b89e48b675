/// A value of a pass, or a gradient, that takes memory from a first to a last moment.
package struct LivingValue {
  /// Elements.
  package let count: Int
  /// Moments of a pass: operation i of n goes forward at i, the loss is at n, operation i goes backward at
  /// 2n - i. A value is there before the first and after the last of its own.
  package let moments: ClosedRange<Int>

  package init(count: Int, moments: ClosedRange<Int>) {
    self.count = count
    self.moments = moments
  }
}

/// When the values of a pass are alive: from where they are written to where they are last read.
///
/// Memory is shared by values that are not alive together. Inference needs an activation until the last of its
/// readers went forward; training needs it, where the backward pass reads it, until then. The gradient of a value
/// is alive from its first reader's backward pass to that of the operation that made it.
struct Lifetimes {
  /// The activations: the images, and what each operation gives.
  let activations: [LivingValue]
  /// Their gradients; nil for those that nobody needs: the images', those of operations without a backward pass, and
  /// all in inference.
  let gradients: [LivingValue?]
  /// For each operation the gradient of each of its inputs: where it is not the first to write it, it writes
  /// scratch, which is added then.
  let scratch: [[LivingValue?]]

  /// All of them that take memory.
  var all: [LivingValue] { activations + gradients.compactMap { $0 } + scratch.joined().compactMap { $0 } }

  init(of layers: [PlannedLayer], input: Int, maximumBatch: Int, forwardOnly: Bool) {
    let end = layers.count
    func backward(_ operation: Int) -> Int { 2 * end - operation }
    let counts = ([input] + layers.map { $0.site.output.count }).map { $0 * maximumBatch }
    var last = [-1] + layers.indices
    // The gradient of each value is written first by the last operation that reads it.
    var firstWriter: [(operation: Int, input: Int)?] = counts.map { _ in nil }
    for (index, layer) in layers.enumerated() {
      let goesBack = layer.goesBack && !forwardOnly
      let reads = goesBack ? layer.layer.backwardReads(at: layer.site) : []
      for (place, value) in layer.inputs.enumerated() {
        last[value] = max(last[value], reads.contains(.inputs) ? backward(index) : index)
        if goesBack, firstWriter[value]?.operation != index { firstWriter[value] = (index, place) }
      }
      if reads.contains(.output) { last[index + 1] = max(last[index + 1], backward(index)) }
    }
    // The logits outlive the pass, and in training the images, which a next one may take again.
    last[end] = 2 * end + 1
    if !forwardOnly { last[0] = 2 * end }
    activations = counts.indices.map { LivingValue(count: counts[$0], moments: ($0 - 1)...last[$0]) }
    guard !forwardOnly else {
      gradients = counts.map { _ in nil }
      scratch = layers.map { $0.inputs.map { _ in nil } }
      return
    }
    func hasGradient(_ value: Int) -> Bool { value > 0 && layers[value - 1].goesBack }
    gradients = counts.indices.map { value in
      guard hasGradient(value) else { return nil }
      let start = value == end ? end : backward(firstWriter[value]!.operation)
      return LivingValue(count: counts[value], moments: start...backward(value - 1))
    }
    scratch = layers.enumerated().map { index, layer in
      layer.inputs.enumerated().map { place, value in
        guard hasGradient(value), firstWriter[value]! != (index, place) else { return nil }
        return LivingValue(count: counts[value], moments: backward(index)...backward(index))
      }
    }
  }
}
