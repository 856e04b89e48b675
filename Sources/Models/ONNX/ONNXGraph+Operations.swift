import Tensors

// What layers do that is no single ONNX operation, or none for values of which some are flat.

extension ONNXGraph {
  /// The operation of several values, flat or not, of which `Mul` may have one of size 1 along some axes.
  package mutating func addCombination(
    _ operation: String, at site: ONNXSite, _ attributes: KeyValuePairs<String, ONNXAttribute> = [:]
  ) -> ONNXValue {
    add(operation, as: site.name, alike(site.inputs, for: site.name), to: site.output, attributes)
  }

  /// The input with channels of zeros before and after its own.
  package mutating func addPaddedChannels(before: Int, after: Int, at site: ONNXSite) -> ONNXValue {
    let x = unflattened(site.inputs[0], for: site.name)
    let pads = [0, before, 0, 0, 0, after, 0, 0].map(Int64.init)
    let tensor = addTensor("pads", for: site.name, [8], .integers(pads))
    return add("Pad", as: site.name, [x], [tensor], to: site.output)
  }

  /// The input's numbers, none below or above the limits.
  package mutating func addClip(_ limits: ClosedRange<Float>, at site: ONNXSite) -> ONNXValue {
    let tensors = [("min", limits.lowerBound), ("max", limits.upperBound)].map {
      addTensor($0, for: site.name, [], .floats([$1]))
    }
    return add("Clip", as: site.name, site.inputs, tensors, to: site.output)
  }

  /// x sigmoid(x) of the input's numbers x.
  package mutating func addSiLU(at site: ONNXSite) -> ONNXValue {
    let x = site.inputs[0]
    let gate = add("Sigmoid", for: site.name, [x], to: x.shape)
    return add("Mul", as: site.name, [x, gate], to: site.output)
  }

  /// Means of windows that divide the input into the output's rows and columns: row i of h is the mean of rows
  /// floor(i H / h) to ceil((i + 1) H / h) - 1, as in PyTorch, so that windows overlap where h does not divide H.
  ///
  /// Where windows are even this is average-pooling. Else it is a product with a matrix of shares from the left
  /// for rows, and from the right for columns.
  package mutating func addAdaptiveAverage(at site: ONNXSite) -> ONNXValue {
    let x = unflattened(site.inputs[0], for: site.name)
    let (from, to) = (x.shape, site.output)
    if from == to { return x }
    if to.height == 1 && to.width == 1 {
      return add("GlobalAveragePool", as: site.name, [x], to: to)
    }
    if from.height % to.height == 0 && from.width % to.width == 0 {
      let sizes = [from.height / to.height, from.width / to.width]
      return add(
        "AveragePool", as: site.name, [x], to: to,
        ["kernel_shape": .integers(sizes), "strides": .integers(sizes)])
    }
    let rows = shares(of: from.height, for: to.height)
    let left = addTensor("rows", for: site.name, [to.height, from.height], .floats(rows.flatMap { $0 }))
    let columns = shares(of: from.width, for: to.width)
    let right = addTensor(
      "columns", for: site.name, [from.width, to.width],
      .floats((0..<from.width).flatMap { column in columns.map { $0[column] } }))
    let middle = addProduct(for: site.name, left, x, to: Shape(to.height, from.width, from.channels))
    return add("MatMul", as: site.name, [middle], [right], to: to)
  }
}

/// The matrix (outputs, inputs) that takes means of windows: row i has equal shares in its window.
private func shares(of inputs: Int, for outputs: Int) -> [[Float]] {
  (0..<outputs).map { output in
    let window = output * inputs / outputs..<((output + 1) * inputs + outputs - 1) / outputs
    return (0..<inputs).map { window.contains($0) ? 1 / Float(window.count) : 0 }
  }
}
