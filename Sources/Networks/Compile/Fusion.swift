import Kernels
import Tensors

/// The layers that become one operation: a layer, and the activation and max-pooling behind it that it takes over.
///
/// A value that several layers read exists in memory, so a layer is taken over only where it alone reads the one
/// before it.
struct FusedGroup {
  /// The layers in their order, as indices into the network's nodes.
  let nodes: [Int]
  let activation: Activation
  let maxPool: Bool

  var first: Int { nodes[0] }
  var last: Int { nodes[nodes.count - 1] }
}

extension Network {
  /// The layers as operations, in the order of their first layers: each comes after all that it reads.
  func fusedGroups() -> [FusedGroup] {
    var groups: [FusedGroup] = []
    var taken = [Bool](repeating: false, count: nodes.count)
    for index in nodes.indices where !taken[index] {
      let layer = nodes[index].layer
      var (members, activation, maxPool) = ([index], Activation.identity, false)
      if layer.fusesActivation, let reader = graph.onlyReader(of: index),
        let own = nodes[reader].layer.activation
      {
        activation = own
        members.append(reader)
      }
      if layer.fusesMaxPool, let reader = graph.onlyReader(of: members.last!),
        let pool = nodes[reader].layer as? MaxPool2D, pool.halves
      {
        maxPool = true
        members.append(reader)
      }
      for member in members { taken[member] = true }
      groups.append(FusedGroup(nodes: members, activation: activation, maxPool: maxPool))
    }
    return groups
  }
}
