import Networks
import Tensors

/// A layer in its place in an ONNX graph.
package struct ONNXSite: Sendable {
  /// The layer's name.
  package let name: String
  package let inputs: [ONNXValue]
  /// The shape of the output.
  package let output: Shape
  /// The names of the layer's tensors, in the order of `Layer.parameters`.
  package let tensors: [String]

  package init(name: String, inputs: [ONNXValue], output: Shape, tensors: [String]) {
    self.name = name
    self.inputs = inputs
    self.output = output
    self.tensors = tensors
  }
}

/// A layer that can be said in ONNX operations. All of `layerTypes` are.
package protocol ONNXExportable: Layer {
  /// Adds the operations that compute in inference what the layer does.
  ///
  /// - Returns: the output.
  func export(to graph: inout ONNXGraph, at site: ONNXSite) -> ONNXValue
}

extension ONNXGraph {
  /// Adds the operation of a layer that takes one input, flat or not, and has no more to it.
  mutating func add(
    _ operation: String, at site: ONNXSite, _ attributes: KeyValuePairs<String, ONNXAttribute> = [:]
  ) -> ONNXValue {
    add(operation, as: site.name, site.inputs, site.tensors, to: site.output, attributes)
  }

  /// Adds the operation of a layer that slides a window over one input.
  mutating func addWindow(
    _ operation: String, at site: ONNXSite, _ attributes: KeyValuePairs<String, ONNXAttribute>
  ) -> ONNXValue {
    let x = unflattened(site.inputs[0], for: site.name)
    return add(operation, as: site.name, [x], site.tensors, to: site.output, attributes)
  }
}

extension Conv2D: ONNXExportable {
  package func export(to graph: inout ONNXGraph, at site: ONNXSite) -> ONNXValue {
    graph.addWindow(
      "Conv", at: site,
      [
        "kernel_shape": .integers([kernel.height, kernel.width]),
        "strides": .integers([stride.height, stride.width]),
        "pads": padding.pads, "dilations": .integers([dilation.height, dilation.width]),
        "group": .integer(groups),
      ])
  }
}

/// `Gemm` takes the weights as PyTorch has them, (out, in), where `in` runs over C, H, W.
extension Dense: ONNXExportable {
  package func export(to graph: inout ONNXGraph, at site: ONNXSite) -> ONNXValue {
    let x = graph.flattened(site.inputs[0], for: site.name)
    return graph.add("Gemm", as: site.name, [x], site.tensors, to: site.output, ["transB": .integer(1)])
  }
}

extension MaxPool2D: ONNXExportable {
  package func export(to graph: inout ONNXGraph, at site: ONNXSite) -> ONNXValue {
    graph.addWindow(
      "MaxPool", at: site,
      ["kernel_shape": pooling.sizes, "strides": pooling.strides, "pads": pooling.pads])
  }
}

extension AveragePool2D: ONNXExportable {
  package func export(to graph: inout ONNXGraph, at site: ONNXSite) -> ONNXValue {
    graph.addWindow(
      "AveragePool", at: site,
      [
        "kernel_shape": pooling.sizes, "strides": pooling.strides, "pads": pooling.pads,
        "count_include_pad": .integer(1),
      ])
  }
}

extension PoolingWindow {
  fileprivate var sizes: ONNXAttribute { .integers([size.height, size.width]) }
  fileprivate var strides: ONNXAttribute { .integers([stride.height, stride.width]) }
  fileprivate var pads: ONNXAttribute { padding.pads }
}

extension LayerPadding {
  /// Rows and columns before and behind, of a layer that is resolved for its input.
  fileprivate var pads: ONNXAttribute {
    .integers([resolved.before.height, resolved.before.width, resolved.after.height, resolved.after.width])
  }
}

extension ReLU: ONNXExportable {
  package func export(to graph: inout ONNXGraph, at site: ONNXSite) -> ONNXValue {
    graph.add("Relu", at: site)
  }
}

extension ReLU6: ONNXExportable {
  package func export(to graph: inout ONNXGraph, at site: ONNXSite) -> ONNXValue {
    graph.addClip(0...6, at: site)
  }
}

extension LeakyReLU: ONNXExportable {
  package func export(to graph: inout ONNXGraph, at site: ONNXSite) -> ONNXValue {
    graph.add("LeakyRelu", at: site, ["alpha": .float(slope)])
  }
}

extension SiLU: ONNXExportable {
  package func export(to graph: inout ONNXGraph, at site: ONNXSite) -> ONNXValue { graph.addSiLU(at: site) }
}

extension Sigmoid: ONNXExportable {
  package func export(to graph: inout ONNXGraph, at site: ONNXSite) -> ONNXValue {
    graph.add("Sigmoid", at: site)
  }
}

extension GlobalAveragePool2D: ONNXExportable {
  package func export(to graph: inout ONNXGraph, at site: ONNXSite) -> ONNXValue {
    graph.addAdaptiveAverage(at: site)
  }
}

extension AdaptiveAveragePool2D: ONNXExportable {
  package func export(to graph: inout ONNXGraph, at site: ONNXSite) -> ONNXValue {
    graph.addAdaptiveAverage(at: site)
  }
}

/// Values are (N, C, H, W) in ONNX, so that flattening is PyTorch's.
extension Flatten: ONNXExportable {
  package func export(to graph: inout ONNXGraph, at site: ONNXSite) -> ONNXValue {
    graph.flattened(site.inputs[0], for: site.name)
  }
}

extension BatchNorm: ONNXExportable {
  package func export(to graph: inout ONNXGraph, at site: ONNXSite) -> ONNXValue {
    graph.add("BatchNormalization", at: site, ["epsilon": .float(epsilon)])
  }
}

/// In inference it does nothing: its input is its output.
extension Dropout: ONNXExportable {
  package func export(to graph: inout ONNXGraph, at site: ONNXSite) -> ONNXValue { site.inputs[0] }
}

extension Add: ONNXExportable {
  package func export(to graph: inout ONNXGraph, at site: ONNXSite) -> ONNXValue {
    graph.addCombination(site.inputs.count == 2 ? "Add" : "Sum", at: site)
  }
}

extension Multiplication: ONNXExportable {
  package func export(to graph: inout ONNXGraph, at site: ONNXSite) -> ONNXValue {
    graph.addCombination("Mul", at: site)
  }
}

extension Concatenation: ONNXExportable {
  package func export(to graph: inout ONNXGraph, at site: ONNXSite) -> ONNXValue {
    graph.addCombination("Concat", at: site, ["axis": .integer(1)])
  }
}

extension PadChannels: ONNXExportable {
  package func export(to graph: inout ONNXGraph, at site: ONNXSite) -> ONNXValue {
    graph.addPaddedChannels(before: before, after: after, at: site)
  }
}
