import Kernels
import Tensors

extension Plan {
  /// Bytes that a plan holds, as its initializer would make it: activations, their gradients unless there is
  /// no backward pass, and what the operations keep.
  package static func memory(
    of network: Network, maximumBatch: Int, convolution: ConvolutionMethod = .auto, forwardOnly: Bool = false
  ) -> Double {
    let layers = plannedLayers(of: network, maximumBatch: maximumBatch, convolution: convolution)
    let outputs = layers.reduce(0.0) { $0 + Double($1.site.output.count) }
    let activations = Double(network.input.count) + (forwardOnly ? 1 : 2) * outputs
    // A label and a sample's number are as large as an activation.
    let kept = layers.reduce(0.0) { $0 + $1.layer.memory(at: $1.site, forwardOnly: forwardOnly) }
    return 4 * (activations + 2) * Double(maximumBatch) + kept
  }
}
