import Tensors

/// What an operation of a plan computes, and what that costs.
package struct OperationCost: Sendable {
  /// The names of its layers, such as `conv1 + relu1`.
  package let name: String
  /// How a convolution is computed; nil for others.
  package let algorithm: String?
  /// The shapes of what it reads.
  package let inputs: [Shape]
  /// As far as the next operation reads it.
  package let output: Shape
  /// Numbers in its tensors.
  package let parameters: Int
  /// The multiplications of one sample's forward pass, see `Layer.multiplyAdds`; what nobody reads of an output
  /// does not count.
  package let multiplyAdds: Int
  /// Its backward pass gives the gradient of what it reads.
  package let givesInputGradient: Bool
  /// Its backward pass gives the gradients of its tensors.
  package let givesTensorGradients: Bool

  /// The shape of the first value that it reads.
  package var input: Shape { inputs[0] }
  /// Numbers in all that it reads.
  private var inputCount: Int { inputs.reduce(0) { $0 + $1.count } }

  /// Floating-point operations of one sample's forward pass: a multiply-add is two.
  package var forwardFLOP: Int { 2 * multiplyAdds }

  /// The operations of its backward pass: the gradients of weight and input take as many each as the forward pass.
  package var backwardFLOP: Int {
    ((givesInputGradient ? 2 : 0) + (givesTensorGradients ? 2 : 0)) * multiplyAdds
  }

  /// Bytes that the forward pass of `count` samples has to move at least: input, output and parameters once.
  package func forwardBytes(_ count: Int) -> Int { 4 * (count * (inputCount + output.count) + parameters) }

  /// Bytes that the backward pass of `count` samples has to move at least: input, output, their gradients,
  /// parameters and their gradients once.
  package func backwardBytes(_ count: Int) -> Int {
    guard givesInputGradient || givesTensorGradients else { return 0 }
    let values = (givesInputGradient ? 2 : 1) * inputCount + 2 * output.count
    return 4 * (count * values + (givesTensorGradients ? 2 : 1) * parameters)
  }
}

extension Plan {
  /// The operations, from first to last.
  package var costs: [OperationCost] {
    zip(layers, operations).map { planned, operation in
      let nodes = planned.nodes.map { network.nodes[$0] }
      let tensors = nodes.flatMap { network.layout.tensors[$0.tensors] }
      return OperationCost(
        name: nodes.map(\.name).joined(separator: " + "), algorithm: operation.algorithm,
        inputs: planned.site.inputs, output: planned.site.output,
        parameters: tensors.reduce(0) { $0 + $1.range.count },
        multiplyAdds: multiplyAdds(of: nodes, output: planned.site.output),
        givesInputGradient: planned.goesBack && planned.inputs.contains { $0 > 0 && layers[$0 - 1].goesBack },
        givesTensorGradients: tensors.contains(where: \.isTrained))
    }
  }
}

/// Multiply-adds of fused layers whose last one gives an output of shape `output`: each counts only the rows
/// and columns of its own output that the next one reads.
private func multiplyAdds(of nodes: [Network.Node], output: Shape) -> Int {
  var (sum, output) = (0, output)
  for node in nodes.reversed() {
    sum += node.layer.multiplyAdds(input: node.input, output: output)
    if let read = node.layer.inputRead(for: output) {
      output = Shape(
        min(read.height, node.input.height), min(read.width, node.input.width), node.input.channels)
    } else if node.input != node.output {
      output = node.input  // All of it; only layers that go element by element read no more than they give.
    }
  }
  return sum
}
