import Kernels
import Tensors

/// The activations of a plan and their gradients, in one arena: memory is shared by those that are not alive
/// together.
final class PassMemory {
  private let arena: SharedBuffer<Float>
  private let maximumBatch: Int
  private let activations: [Range<Int>]
  /// Nil where nobody needs the gradient.
  private let gradients: [Range<Int>?]
  /// For each operation the places of what it reads, and of where it writes the gradients of that: the
  /// gradients', or scratch.
  private let inputs: [[Range<Int>?]]
  private let inputGradients: [[Range<Int>?]]
  /// For each operation the gradients that its scratch is added to.
  private let sums: [[(scratch: Range<Int>, gradient: Range<Int>)]]

  init(of layers: [PlannedLayer], input: Int, maximumBatch: Int, forwardOnly: Bool) {
    let lifetimes = Lifetimes(
      of: layers, input: input, maximumBatch: maximumBatch, forwardOnly: forwardOnly)
    let map = MemoryMap(of: lifetimes.all)
    var places = map.places[...]
    func place(_ value: LivingValue?) -> Range<Int>? { value.map { _ in places.removeFirst() } }
    let activations = lifetimes.activations.map { place($0)! }
    let gradients = lifetimes.gradients.map(place)
    let scratch = lifetimes.scratch.map { $0.map(place) }
    inputs = layers.map { $0.inputs.map { activations[$0] } }
    inputGradients = zip(layers, scratch).map { layer, own in
      zip(layer.inputs, own).map { $1 ?? gradients[$0] }
    }
    sums = zip(layers, scratch).map { layer, own in
      zip(layer.inputs, own).compactMap { value, scratch in scratch.map { ($0, gradients[value]!) } }
    }
    self.activations = activations
    self.gradients = gradients
    self.maximumBatch = maximumBatch
    arena = SharedBuffer(repeating: 0, count: map.count)
  }

  /// Value `value` of the first `count` samples.
  @_lifetime(borrow self)
  func activation(_ value: Int, _ count: Int) -> Span<Float> {
    let arena = arena
    return unsafe _overrideLifetime(arena.span(part(activations[value], count)), borrowing: self)
  }

  /// The same, to be written.
  @_lifetime(borrow self)
  func mutableActivation(_ value: Int, _ count: Int) -> MutableSpan<Float> {
    let arena = arena
    return unsafe _overrideLifetime(arena.mutableSpan(part(activations[value], count)), borrowing: self)
  }

  /// The gradient of value `value`, which somebody needs, for the first `count` samples.
  @_lifetime(borrow self)
  func gradient(_ value: Int, _ count: Int) -> MutableSpan<Float> {
    let arena = arena
    return unsafe _overrideLifetime(arena.mutableSpan(part(gradients[value]!, count)), borrowing: self)
  }

  /// What operation `index` reads.
  func inputs(_ index: Int, _ count: Int) -> PassValues {
    PassValues(arena: arena, places: inputs[index], count: count, maximumBatch: maximumBatch)
  }

  /// Where operation `index` writes the gradients of what it reads.
  func inputGradients(_ index: Int, _ count: Int) -> PassValues {
    PassValues(arena: arena, places: inputGradients[index], count: count, maximumBatch: maximumBatch)
  }

  /// Adds those gradients that operation `index` wrote to scratch to the ones that later operations left.
  func sumGradients(_ index: Int, _ count: Int) {
    let arena = arena
    for (scratch, gradient) in sums[index] {
      var sum = arena.mutableSpan(part(gradient, count))
      add(arena.span(part(scratch, count)), to: &sum)
    }
  }

  private func part(_ place: Range<Int>, _ count: Int) -> Range<Int> {
    place.lowerBound..<place.lowerBound + place.count / maximumBatch * count
  }
}

/// Values of a pass that an operation reads, or their gradients, which it writes, one for each of its inputs.
package struct PassValues {
  fileprivate let arena: SharedBuffer<Float>
  /// Nil where nobody needs the gradient.
  fileprivate let places: [Range<Int>?]
  fileprivate let count: Int
  fileprivate let maximumBatch: Int

  /// Input `input`, (N, H, W, C).
  package subscript(_ input: Int) -> Span<Float> {
    @_lifetime(borrow self)
    get {
      let arena = arena
      return unsafe _overrideLifetime(arena.span(part(places[input]!)), borrowing: self)
    }
  }

  /// The gradient of input `input`, (N, H, W, C), to be overwritten; empty where nobody needs it.
  @_lifetime(borrow self)
  package func gradient(_ input: Int) -> MutableSpan<Float> {
    guard let place = places[input] else { return MutableSpan() }
    let arena = arena
    return unsafe _overrideLifetime(arena.mutableSpan(part(place)), borrowing: self)
  }

  private func part(_ place: Range<Int>) -> Range<Int> {
    place.lowerBound..<place.lowerBound + place.count / maximumBatch * count
  }
}
