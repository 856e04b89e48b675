import Kernels
import Tensors

/// An operation in its place in a plan.
struct PlannedOperation {
  let operation: any Operation
  /// The layers that it computes, as indices into the network's nodes.
  let nodes: Range<Int>
  let output: Shape
  /// Once the operation's backward pass is done, the gradient arena is complete from this place on.
  let gradientStart: Int
}

/// Compiles a network: one operation for each layer, or for a layer and the activation and max-pooling behind
/// it, that computes only what the next one reads.
func plannedOperations(
  of network: Network, maximumBatch: Int, convolution: ConvolutionMethod
) -> [PlannedOperation] {
  let layers = plannedLayers(of: network, maximumBatch: maximumBatch, convolution: convolution)
  let starts = gradientStarts(of: layers.map(\.nodes), network)
  return zip(layers, starts).map { planned, start in
    PlannedOperation(
      operation: planned.layer.operation(at: planned.site), nodes: planned.nodes, output: planned.site.output,
      gradientStart: start)
  }
}

/// A layer that becomes an operation, and where.
struct PlannedLayer {
  let layer: any Layer
  let site: LayerSite
  /// The layers that the operation computes, as indices into the network's nodes.
  let nodes: Range<Int>
}

/// The layers of a network that become operations, each with what it fuses of those behind it.
func plannedLayers(
  of network: Network, maximumBatch: Int, convolution: ConvolutionMethod
) -> [PlannedLayer] {
  let groups = fusedGroups(of: network.nodes)
  let outputs = neededOutputs(of: groups)
  var input = network.input
  return groups.indices.map { index in
    let group = groups[index]
    let site = LayerSite(
      input: input, output: outputs[index],
      parameters: network.layout.tensors[group.first.tensors].map(\.range), maximumBatch: maximumBatch,
      activation: group.activation, maxPool: group.maxPool, convolution: convolution,
      needsInputGradient: index > 0, index: group.nodes.startIndex)
    input = outputs[index]
    return PlannedLayer(layer: group.first.layer, site: site, nodes: group.nodes.indices)
  }
}

/// The nodes that become one operation: a layer, and what it fuses of those behind it.
private struct FusedGroup {
  var nodes: ArraySlice<Network.Node>
  var activation = Activation.identity
  var maxPool = false

  var first: Network.Node { nodes.first! }
  var output: Shape { nodes.last!.output }

  /// Rows and columns of its input that an output of shape `output` depends on; nil for all.
  func inputRead(for output: Shape) -> (height: Int, width: Int)? {
    maxPool
      ? first.layer.inputRead(for: Shape(2 * output.height, 2 * output.width, output.channels))
      : first.layer.inputRead(for: output)
  }
}

private func fusedGroups(of nodes: [Network.Node]) -> [FusedGroup] {
  var groups: [FusedGroup] = []
  var index = 0
  while index < nodes.count {
    let layer = nodes[index].layer
    var (group, end) = (FusedGroup(nodes: []), index + 1)
    if layer.fusesActivation, end < nodes.count, let activation = nodes[end].layer.activation {
      group.activation = activation
      end += 1
    }
    if layer.fusesMaxPool, end < nodes.count, let pool = nodes[end].layer as? MaxPool2D, pool.halves {
      group.maxPool = true
      end += 1
    }
    group.nodes = nodes[index..<end]
    groups.append(group)
    index = end
  }
  return groups
}

/// Each group's output as far as the next one reads it: a 2x2 pooling of 11x11 positions reads 10x10, and the
/// convolution before it need not compute the others.
private func neededOutputs(of groups: [FusedGroup]) -> [Shape] {
  var outputs = groups.map(\.output)
  for index in groups.indices.dropLast().reversed() where groups[index].first.layer.canTrimOutput {
    if let read = groups[index + 1].inputRead(for: outputs[index + 1]) {
      outputs[index].height = min(outputs[index].height, read.height)
      outputs[index].width = min(outputs[index].width, read.width)
    }
  }
  return outputs
}

/// For each group the first place in the arena of a tensor of it or of those behind it; the end of the trainable
/// ones where there is none.
private func gradientStarts(of groups: [Range<Int>], _ network: Network) -> [Int] {
  let layout = network.layout
  var starts = [Int](repeating: layout.trainable.upperBound, count: groups.count)
  var start = layout.trainable.upperBound
  for (index, nodes) in groups.enumerated().reversed() {
    for node in network.nodes[nodes] {
      for tensor in layout.tensors[node.tensors] { start = min(start, tensor.range.lowerBound) }
    }
    starts[index] = start
  }
  return starts
}
