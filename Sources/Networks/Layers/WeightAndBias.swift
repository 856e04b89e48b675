/// Places of a layer's weight and bias in the arenas; that of the bias is empty where there is none.
struct WeightAndBias {
  let weight: Range<Int>
  let bias: Range<Int>

  /// - Parameter places: of the layer's tensors, in the order of its description.
  init(_ places: [Range<Int>]) {
    weight = places[0]
    bias = places.count > 1 ? places[1] : places[0].upperBound..<places[0].upperBound
  }
}
