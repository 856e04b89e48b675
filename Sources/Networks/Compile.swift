import Tensors

/// An operation in its place in a plan.
struct PlannedOperation {
  let operation: any Operation
  let output: Shape
  /// Once the operation's backward pass is done, the gradient arena is complete from this place on.
  let gradientStart: Int
}

/// Compiles a network: one operation for each layer, or for a layer and the ReLU behind it, that computes
/// only what the next one reads.
func plannedOperations(of network: Network, maximumBatch: Int) -> [PlannedOperation] {
  let groups = fusedGroups(of: network.nodes)
  let outputs = neededOutputs(of: groups)
  var input = network.input
  return groups.indices.map { index in
    let (node, group) = (groups[index].first!, groups[index])
    let site = LayerSite(
      input: input, output: outputs[index], parameters: network.layout.tensors[node.tensors].map(\.range),
      maximumBatch: maximumBatch, relu: group.count > 1, index: group.startIndex)
    input = outputs[index]
    return PlannedOperation(
      operation: node.layer.operation(at: site), output: outputs[index],
      gradientStart: gradientStart(of: network.nodes[group.startIndex...], network.layout))
  }
}

/// The nodes that become one operation: a layer, or a layer and the ReLU behind it.
private func fusedGroups(of nodes: [Network.Node]) -> [ArraySlice<Network.Node>] {
  var groups: [ArraySlice<Network.Node>] = []
  var index = 0
  while index < nodes.count {
    let fuses = nodes[index].layer.fusesReLU && index + 1 < nodes.count && nodes[index + 1].layer is ReLU
    groups.append(nodes[index..<index + (fuses ? 2 : 1)])
    index += fuses ? 2 : 1
  }
  return groups
}

/// Each group's output as far as the next one reads it: a 2x2 pooling of 11x11 positions reads 10x10, and the
/// convolution before it need not compute the others.
private func neededOutputs(of groups: [ArraySlice<Network.Node>]) -> [Shape] {
  var outputs = groups.map { $0.last!.output }
  for index in groups.indices.dropLast().reversed() where groups[index].first!.layer.canTrimOutput {
    if let read = groups[index + 1].first!.layer.inputRead(for: outputs[index + 1]) {
      outputs[index].height = min(outputs[index].height, read.height)
      outputs[index].width = min(outputs[index].width, read.width)
    }
  }
  return outputs
}

/// The first place in the arena of a trainable tensor of `nodes`, which reach to the model's end.
private func gradientStart(of nodes: ArraySlice<Network.Node>, _ layout: ParameterLayout) -> Int {
  nodes.flatMap { layout.tensors[$0.tensors] }.map(\.range.lowerBound).min() ?? layout.trainable.upperBound
}
