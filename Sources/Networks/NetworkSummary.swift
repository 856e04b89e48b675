import Tensors

/// What a network is made of and what it costs, layer by layer.
package struct NetworkSummary: Encodable, Sendable {
  package struct Layer: Encodable, Sendable {
    package let name: String
    /// The layer's type as model files call it.
    package let type: String
    /// The names of what it reads; `input` for the images.
    package let inputs: [String]
    package let output: Shape
    /// Numbers that are trained.
    package let parameters: Int
    /// Millions of floating-point operations of one image's forward pass; a multiply-add is two.
    package let megaflop: Double
  }

  package let model: String
  package let input: Shape
  package let classes: Int
  /// Numbers that are trained.
  package let parameters: Int
  /// Running statistics, which are not.
  package let statistics: Int
  /// Millions of floating-point operations of one image's forward pass; a multiply-add is two. Only convolutions
  /// and dense layers count.
  package let megaflop: Double
  /// Bytes of all parameters and running statistics.
  package let parameterBytes: Int
  /// Bytes of one image's activations in inference.
  package let inferenceBytes: Int
  /// Bytes of one image's activations and their gradients in training.
  package let trainingBytes: Int
  package let layers: [Layer]

  package init(_ network: Network) {
    layers = network.nodes.map { node in
      let tensors = network.layout.tensors[node.tensors].filter { $0.kind == .trainable }
      return Layer(
        name: node.name, type: type(of: node.layer).type,
        inputs: node.inputs.map { $0 > 0 ? network.nodes[$0 - 1].name : Graph.images }, output: node.output,
        parameters: tensors.reduce(0) { $0 + $1.range.count },
        megaflop: 2e-6 * Double(node.layer.multiplyAdds(input: node.input, output: node.output)))
    }
    model = network.description.name
    input = network.input
    classes = network.classes
    parameters = network.layout.trainableNumbers
    statistics = network.layout.tensors.reduce(0) { $0 + $1.range.count } - network.layout.trainableNumbers
    megaflop = layers.reduce(0) { $0 + $1.megaflop }
    parameterBytes = 4 * (parameters + statistics)
    inferenceBytes = Int(Plan.activationMemory(of: network, maximumBatch: 1, forwardOnly: true).shared)
    trainingBytes = Int(Plan.activationMemory(of: network, maximumBatch: 1).shared)
  }
}

extension NetworkSummary {
  /// The network as a directed graph in Graphviz's language DOT: a box a layer, an arrow a value with its shape.
  package var dot: String {
    var shapes = [Graph.images: input]
    for layer in layers { shapes[layer.name] = layer.output }
    var lines = [
      "digraph \(quoted(model)) {",
      "  node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=Helvetica];",
      "  edge [fontname=Helvetica, fontsize=10];",
      "  \(quoted(Graph.images)) [label=\(quoted("\(Graph.images)\n\(input)")), fillcolor=lightgray];",
    ]
    for layer in layers {
      let parameters = layer.parameters > 0 ? "\n\(layer.parameters) parameters" : ""
      lines.append("  \(quoted(layer.name)) [label=\(quoted("\(layer.name)\n\(layer.type)\(parameters)"))];")
      for source in layer.inputs {
        lines.append("  \(quoted(source)) -> \(quoted(layer.name)) [label=\(quoted("\(shapes[source]!)"))];")
      }
    }
    return (lines + ["}", ""]).joined(separator: "\n")
  }

  /// A text in DOT's quotes.
  private func quoted(_ text: String) -> String {
    let escaped = text.map { character -> String in
      switch character {
      case "\"": "\\\""
      case "\\": "\\\\"
      case "\n": "\\n"
      default: String(character)
      }
    }
    return "\"\(escaped.joined())\""
  }
}
