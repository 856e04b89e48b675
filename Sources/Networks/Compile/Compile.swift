import Kernels
import Tensors

/// A layer that becomes an operation, and where.
struct PlannedLayer {
  let layer: any Layer
  let site: LayerSite
  /// The layers that the operation computes, as indices into the network's nodes.
  let nodes: [Int]
  /// The values that it reads: 0 for the images, i + 1 for what operation i gives.
  let inputs: [Int]
  /// Once the operation's backward pass is done, the gradient arena is complete from this place on.
  let gradientStart: Int
  /// The operation has a backward pass: it has a tensor that is trained, or reads what comes from one.
  let goesBack: Bool
}

/// Compiles a network: one operation for each layer, or for a layer and the activation and max-pooling behind it,
/// that computes only what the next one reads. Each comes after all that it reads.
///
///     network (shapes inferred)  ->  fused groups  ->  planned layers  ->  values' lifetimes and places
func plannedLayers(
  of network: Network, maximumBatch: Int, convolution: ConvolutionMethod
) -> [PlannedLayer] {
  let groups = network.fusedGroups()
  let values = values(of: groups, in: network)
  let outputs = neededOutputs(of: groups, values, network)
  let starts = gradientStarts(of: groups, network)
  var goesBack: [Bool] = []
  return groups.indices.map { index in
    let group = groups[index]
    let node = network.nodes[group.first]
    let inputs = node.inputs.map { values[$0]! }
    let isTrained = network.layout.tensors[node.tensors].contains(where: \.isTrained)
    goesBack.append(isTrained || inputs.contains { $0 > 0 && goesBack[$0 - 1] })
    let site = LayerSite(
      inputs: inputs.map { $0 > 0 ? outputs[$0 - 1] : network.input }, output: outputs[index],
      parameters: network.layout.tensors[node.tensors].map(\.range), maximumBatch: maximumBatch,
      activation: group.activation, maxPool: group.maxPool, convolution: convolution,
      readsImages: inputs == [0], isFrozen: node.isFrozen, index: group.first)
    return PlannedLayer(
      layer: node.layer, site: site, nodes: group.nodes, inputs: inputs, gradientStart: starts[index],
      goesBack: goesBack[index])
  }
}

/// The number of the operations' values for each of the nodes' values; nil for those that exist in an
/// operation alone.
private func values(of groups: [FusedGroup], in network: Network) -> [Int?] {
  var values = [Int?](repeating: nil, count: network.nodes.count + 1)
  values[0] = 0
  for (index, group) in groups.enumerated() { values[group.last + 1] = index + 1 }
  return values
}

/// Each group's output as far as the next one reads it: a 2x2 pooling of 11x11 positions reads 10x10, and the
/// convolution before it need not compute the others.
private func neededOutputs(of groups: [FusedGroup], _ values: [Int?], _ network: Network) -> [Shape] {
  var outputs = groups.map { network.nodes[$0.last].output }
  var groupOfNode = [Int](repeating: 0, count: network.nodes.count)
  for (index, group) in groups.enumerated() { groupOfNode[group.first] = index }
  for (index, group) in groups.enumerated().reversed() where network.nodes[group.first].layer.canTrimOutput {
    guard let reader = network.graph.onlyReader(of: group.last) else { continue }
    let next = groupOfNode[reader]
    if let read = network.inputRead(by: groups[next], for: outputs[next]) {
      // A reader whose windows lie in the padding reads nothing; an output has a position all the same.
      outputs[index].height = max(min(outputs[index].height, read.height), 1)
      outputs[index].width = max(min(outputs[index].width, read.width), 1)
    }
  }
  return outputs
}

extension Network {
  /// Rows and columns of its input that an output of shape `output` of a group depends on; nil for all.
  fileprivate func inputRead(by group: FusedGroup, for output: Shape) -> (height: Int, width: Int)? {
    let unpooled = Shape(2 * output.height, 2 * output.width, output.channels)
    return nodes[group.first].layer.inputRead(for: group.maxPool ? unpooled : output)
  }
}

/// For each group the first place in the arena of a tensor of it or of those behind it; the end of the trainable
/// ones where there is none.
private func gradientStarts(of groups: [FusedGroup], _ network: Network) -> [Int] {
  let layout = network.layout
  var starts = [Int](repeating: layout.trainable.upperBound, count: groups.count)
  var start = layout.trainable.upperBound
  for (index, group) in groups.enumerated().reversed() {
    for node in group.nodes {
      for tensor in layout.tensors[network.nodes[node].tensors] where !tensor.isFrozen {
        start = min(start, tensor.range.lowerBound)
      }
    }
    starts[index] = start
  }
  return starts
}
