import Kernels
import Tensors

extension Plan {
  /// Bytes that a plan holds, as its initializer would make it: activations, their gradients unless there is
  /// no backward pass, and what the operations keep.
  package static func memory(
    of network: Network, maximumBatch: Int, convolution: ConvolutionMethod = .auto, forwardOnly: Bool = false
  ) -> Double {
    let layers = plannedLayers(of: network, maximumBatch: maximumBatch, convolution: convolution)
    let lifetimes = Lifetimes(
      of: layers, input: network.input.count, maximumBatch: maximumBatch, forwardOnly: forwardOnly)
    let kept = layers.reduce(0.0) {
      $0 + $1.layer.memory(at: $1.site, forwardOnly: forwardOnly || !$1.goesBack)
    }
    // A label and a sample's number are as large as an activation.
    return 4 * (Double(MemoryMap(of: lifetimes.all).count) + 2 * Double(maximumBatch)) + kept
  }

  /// Bytes of the activations of a plan and their gradients, and what they would take with memory of its own
  /// for each.
  package static func activationMemory(
    of network: Network, maximumBatch: Int, convolution: ConvolutionMethod = .auto, forwardOnly: Bool = false
  ) -> (shared: Double, unshared: Double) {
    let layers = plannedLayers(of: network, maximumBatch: maximumBatch, convolution: convolution)
    let lifetimes = Lifetimes(
      of: layers, input: network.input.count, maximumBatch: maximumBatch, forwardOnly: forwardOnly)
    let own = (lifetimes.activations + lifetimes.gradients.compactMap { $0 }).reduce(0) { $0 + $1.count }
    return (4 * Double(MemoryMap(of: lifetimes.all).count), 4 * Double(own))
  }
}
