import Foundation
import Networks
import Tensors
import TestSupport
import Testing

/// Batch normalisation as part of the layers before it.
@Suite struct BatchNormFoldingTests {
  /// Foldable behind a convolution and a dense layer; not at the start, behind a pooling, or where others read what
  /// it normalises.
  private static let json = """
    {"name": "m", "input": [6, 6, 3], "layers": [
      {"type": "batch_norm", "name": "first"},
      {"type": "conv2d", "name": "a", "filters": 5, "kernel": 3, "padding": 1, "bias": false},
      {"type": "batch_norm", "name": "na", "epsilon": 0.01}, {"type": "relu", "name": "ra"},
      {"type": "conv2d", "name": "b", "filters": 5, "kernel": 3, "padding": 1},
      {"type": "batch_norm", "name": "nb"},
      {"type": "add", "name": "s", "inputs": ["nb", "ra"]}, {"type": "max_pool2d", "name": "p", "size": 2},
      {"type": "batch_norm", "name": "np"},
      {"type": "conv2d", "name": "c", "filters": 5, "kernel": 1}, {"type": "batch_norm", "name": "nc"},
      {"type": "add", "name": "t", "inputs": ["c", "nc"]},
      {"type": "dense", "name": "d", "units": 4, "bias": false}, {"type": "batch_norm", "name": "nd"}
    ]}
    """

  private func logits(_ network: Network, _ parameters: Span<Float>) -> [Double] {
    let plan = Plan(network, maximumBatch: 4, seed: 1, forwardOnly: true)
    (plan.pass.mode, plan.pass.count) = (.evaluation, 4)
    plan.withInputs { images, _, _ in images.copy(from: randomNumbers(images.count, seed: 3).span) }
    plan.forward(parameters: parameters)
    return plan.withLogits { logits in logits.indices.map { Double(logits[$0]) } }
  }

  @Test func logitsStayWhatTheyAre() throws {
    let network = try Network(JSONDecoder().decode(ModelDescription.self, from: Data(Self.json.utf8)))
    var parameters = [Float](repeating: 0, count: network.layout.parameterCount)
    for (index, tensor) in network.layout.tensors.enumerated() {
      let noise = randomNumbers(tensor.range.count, seed: UInt64(index + 1))
      for (place, n) in zip(tensor.range, noise) {
        parameters[place] = tensor.name.hasSuffix("var") ? 0.3 + abs(n) : n
      }
    }
    let folded = FoldedNetwork(network)
    #expect(
      folded.network.nodes.map(\.name) == ["first", "a", "ra", "b", "s", "p", "np", "c", "nc", "t", "d"])
    let own = folded.parameters(from: parameters.span)
    expectClose(
      logits(folded.network, own.span).map(Float.init), logits(network, parameters.span), tolerance: 1e-5,
      "logits")
  }

  @Test(arguments: ["resnet50", "mobilenet-v2", "efficientnet-lite0", "mnist-bn", "cifar-vgg"])
  func nothingIsLeftInTheZoo(_ name: String) throws {
    let network = try Network(ModelDescription(named: name))
    let folded = FoldedNetwork(network).network
    let normalizations = network.nodes.count { $0.layer is BatchNorm }
    #expect(normalizations > 4 && !folded.nodes.contains { $0.layer is BatchNorm })
    #expect(folded.nodes.count == network.nodes.count - normalizations)
    #expect(folded.description.layers.count { $0.inputs != nil } <= network.nodes.count / 4)
  }
}
