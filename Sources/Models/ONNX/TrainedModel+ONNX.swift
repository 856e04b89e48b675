import Networks
import Tensors

extension TrainedModel {
  /// What an ONNX file holds.
  package struct ONNXSummary: Sendable {
    package let nodes: Int
    /// Numbers that training changes; running statistics do not count.
    package let parameters: Int
    package let bytes: Int
  }

  /// Writes the model as an ONNX file: normalised pixels `images`, (N, C, H, W), to `logits`, (N, classes).
  ///
  /// The metadata have what `metadata(version:)` has, and how images are laid out.
  /// - Throws: `NotFiniteError` where weights are not finite, `ModelError` or `ONNXSizeError` where ONNX cannot
  ///   say the model, `OutputError` where the file cannot be written.
  package func writeONNX(to path: String, version: String) throws -> ONNXSummary {
    var metadata = try metadata(version: version)
    metadata["format"] = nil
    metadata["layout"] = "NCHW"
    metadata["channel_order"] =
      [1: "gray", 3: preprocessing?.channels.rawValue ?? "RGB"][network.input.channels]
    let parameters = parameters
    let graph = try network.onnxGraph(parameters.span)
    let file = ONNXFile(
      name: network.description.name, graph: graph, classes: network.classes, version: version,
      metadata: metadata)
    let trainable = network.layout.tensors.filter { $0.kind == .trainable }
    return ONNXSummary(
      nodes: graph.nodes.count, parameters: trainable.reduce(0) { $0 + $1.range.count },
      bytes: try file.write(to: path))
  }
}

extension Network {
  /// The network in ONNX's operations, with the weights of a parameter arena under PyTorch's names.
  func onnxGraph(_ parameters: Span<Float>) throws -> ONNXGraph {
    var graph = ONNXGraph(input: input, layers: nodes.map(\.name))
    let weights = try exported(parameters)
    graph.add(weights: weights.filter { if case .floats = $0.values { true } else { false } })
    var values = [graph.input]
    for node in nodes {
      guard let layer = node.layer as? any ONNXExportable else {
        throw ModelError(
          "model \(description.name), layer \(node.name): expected a layer that ONNX can say, found "
            + "\(type(of: node.layer).type)")
      }
      let site = ONNXSite(
        name: node.name, inputs: node.inputs.map { values[$0] }, output: node.output,
        tensors: node.tensors.map { layout.tensors[$0].name })
      values.append(layer.export(to: &graph, at: site))
    }
    graph.finish(with: graph.flattenedByPosition(values[nodes.count], for: nodes[nodes.count - 1].name))
    return graph
  }
}
