import Networks
import Tensors

/// A tensor of a file, taken apart into a layer and what it is to it.
struct ForeignTensor {
  /// The layer's name in the file.
  let layer: String
  /// The tensor's name in the layer, as PyTorch calls it; nil for what models do without.
  let parameter: String?
  /// Stored in TensorFlow's order: filters (H, W, C, K), depthwise ones (H, W, C, M), dense weights (in, out).
  let isKeras: Bool

  /// What Keras calls the tensors of its layers, and PyTorch.
  private static let kerasNames = [
    "kernel": "weight", "depthwise_kernel": "weight", "pointwise_kernel": "weight", "gamma": "weight",
    "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var",
  ]

  /// - Parameter name: such as `conv1.weight`, `block1_conv1/kernel:0` or `fc.bias`.
  init(_ name: String) {
    let whole = name.hasSuffix(":0") ? String(name.dropLast(2)) : name
    guard let separator = whole.lastIndex(where: { $0 == "." || $0 == "/" }) else {
      (layer, parameter, isKeras) = ("", whole, false)
      return
    }
    let last = String(whole[whole.index(after: separator)...])
    layer = String(whole[..<separator])
    isKeras = Self.kerasNames[last] != nil
    parameter = last == "num_batches_tracked" ? nil : Self.kerasNames[last] ?? last
  }
}

/// A tensor of a network: what an imported one has to be.
struct TensorPlace {
  /// Its sizes as stored here.
  let shape: [Int]
  /// How PyTorch stores it.
  let form: PyTorchForm
  /// What of the layer's input is flattened before it in PyTorch's order C, H, W; nil where nothing is.
  let flattened: Shape?
  /// The input of a dense layer; nil for other layers.
  let denseInput: Shape?
}

extension NamedTensor {
  /// The numbers for a place of the network in its own order; nil where the shape is another.
  func numbers(for place: TensorPlace, isKeras: Bool) -> [Float]? {
    guard case .floats(let numbers) = values else { return nil }
    guard !isKeras else { return kerasNumbers(numbers, place) }
    guard shape == place.form.shape || isConvolution(overAllOf: place) else { return nil }
    return [Float](unsafeUninitializedCapacity: numbers.count) { buffer, count in
      var span = buffer.mutableSpan
      place.form.restore(numbers.span, to: &span)
      count = numbers.count
    }
  }

  /// A dense layer's weights as those of a convolution: of a single position, or of all positions of the input.
  private func isConvolution(overAllOf place: TensorPlace) -> Bool {
    guard let input = place.denseInput, shape.count == 4, place.form.shape.count == 2 else { return false }
    let outputs = place.form.shape[0]
    return shape == [outputs, input.count, 1, 1]
      || shape == [outputs, input.channels, input.height, input.width]
      || place.flattened.map { shape == [outputs, $0.channels, $0.height, $0.width] } ?? false
  }

  /// (H, W, C, K) and (in, out) are the orders here. A depthwise filter is (H, W, C, M) there, for filters c M + m,
  /// which are (H, W, 1, C M) here. What follows a flattening is in the order H, W, C there.
  private func kerasNumbers(_ numbers: [Float], _ place: TensorPlace) -> [Float]? {
    let own = place.shape
    let isDepthwise =
      shape.count == 4 && own.count == 4 && own[2] == 1 && shape[0] == own[0] && shape[1] == own[1]
      && shape[2] * shape[3] == own[3]
    guard shape == own || isDepthwise else { return nil }
    guard let flattened = place.flattened, let rows = own.first, rows == flattened.count else {
      return numbers
    }
    let width = numbers.count / rows
    var ordered: [Float] = []
    ordered.reserveCapacity(numbers.count)
    for c in 0..<flattened.channels {
      for position in 0..<flattened.height * flattened.width {
        let row = position * flattened.channels + c
        ordered += numbers[row * width..<(row + 1) * width]
      }
    }
    return ordered
  }
}

extension Network {
  /// What each of `layout.tensors` has to be.
  var tensorPlaces: [TensorPlace] {
    var places: [TensorPlace] = []
    for node in nodes {
      for tensor in node.tensors {
        places.append(
          TensorPlace(
            shape: layout.tensors[tensor].shape, form: pyTorchForms[tensor],
            flattened: flattened(before: node),
            denseInput: node.layer is Dense ? node.input : nil))
      }
    }
    return places
  }

  /// The shape that a flattening had whose order a dense layer or a normalisation still meets.
  private func flattened(before node: Node) -> Shape? {
    guard node.layer is Dense || node.layer is BatchNorm else { return nil }
    var value = node.inputs[0]
    while value > 0 {
      let before = nodes[value - 1]
      if before.layer is Flatten { return before.input }
      guard before.layer is BatchNorm || before.layer is Dropout || before.layer is any ElementwiseLayer
      else {
        return nil
      }
      value = before.inputs[0]
    }
    return nil
  }
}
