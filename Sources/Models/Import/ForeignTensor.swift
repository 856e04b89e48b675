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

extension NamedTensor {
  /// The numbers for a tensor of the network in its own order; nil where the shape is another.
  ///
  /// Sizes of 1 may be there or not: a dense layer's weights may come as those of a convolution over all positions.
  ///
  /// - Parameters:
  ///   - shape: the tensor's sizes as stored here.
  ///   - form: how PyTorch stores it.
  func numbers(of shape: [Int], _ form: PyTorchForm, isKeras: Bool) -> [Float]? {
    guard case .floats(let numbers) = values else { return nil }
    func squeezed(_ sizes: [Int]) -> [Int] { sizes.filter { $0 != 1 } }
    if isKeras {
      // (H, W, C, K) and (in, out) are the orders here; a depthwise filter is (H, W, C, 1) there, (H, W, 1, C) here.
      return squeezed(self.shape) == squeezed(shape) ? numbers : nil
    }
    let matches =
      squeezed(self.shape) == squeezed(form.shape)
      || (form.shape.count == 2 && self.shape.count == 4 && self.shape[0] == form.shape[0]
        && numbers.count == form.shape[0] * form.shape[1])
    guard matches else { return nil }
    return [Float](unsafeUninitializedCapacity: numbers.count) { buffer, count in
      var span = buffer.mutableSpan
      form.restore(numbers.span, to: &span)
      count = numbers.count
    }
  }
}
