import Tensors

/// A tensor as the layer-wise optimizers see it, LARS and LAMB.
struct LayerTensor {
  /// The tensor's place in the trainable part of the arenas.
  let range: Range<Int>
  /// Says whether the step is scaled by the tensor's norms, and its weights decay. Biases, and gain and shift
  /// of batch normalisation, which are the tensors of one axis, are left out of both (You et al. 2017).
  let isAdapted: Bool
}

extension ParameterLayout {
  /// The tensors that are trained, in the order of the layers.
  var layerTensors: [LayerTensor] {
    tensors.filter(\.isTrained).map { tensor in
      let range =
        tensor.range.lowerBound - trainable.lowerBound..<tensor.range.upperBound - trainable.lowerBound
      return LayerTensor(range: range, isAdapted: tensor.shape.count > 1)
    }
  }
}
