import Foundation
import Kernels
import Networks
import Tensors
import TestSupport
import Testing

/// Activations, pooling over whole images and flattening, as layers of a network.
@Suite struct ElementwiseLayerTests {
  private static let model = """
    {"name": "m", "input": [9, 8, 3], "layers": [
      {"type": "conv2d", "filters": 8, "kernel": 3, "padding": 1}, {"type": "relu6"},
      {"type": "max_pool2d", "size": 2},
      {"type": "conv2d", "filters": 17, "kernel": 3, "padding": 1}, {"type": "batch_norm"}, {"type": "silu"},
      {"type": "conv2d", "filters": 5, "kernel": 1}, {"type": "leaky_relu", "slope": 0.25},
      {"type": "adaptive_average_pool2d", "size": [3, 2]}, {"type": "flatten"}, {"type": "batch_norm"},
      {"type": "relu6"}, {"type": "dense", "units": 9}, {"type": "sigmoid"},
      {"type": "dense", "units": 7}, {"type": "relu6"}, {"type": "leaky_relu"}, {"type": "relu6"},
      {"type": "global_average_pool2d"}, {"type": "flatten"}, {"type": "dense", "units": 4}
    ]}
    """

  private func description(_ json: String) throws -> ModelDescription {
    try JSONDecoder().decode(ModelDescription.self, from: Data(json.utf8))
  }

  @Test func areReadAndWritten() throws {
    let description = try description(Self.model)
    let network = try Network(description)
    #expect(
      network.nodes.map(\.name).joined(separator: " ") == """
        conv1 relu1 pool1 conv2 bn1 silu1 conv3 relu2 pool2 flatten1 bn2 relu3 fc1 sigmoid1 fc2 relu4 relu5 relu6 \
        pool3 flatten2 fc3
        """)
    #expect(
      network.nodes.filter { $0.input != $0.output }.map { "\($0.output)" }
        == ["9x8x8", "4x4x8", "4x4x17", "4x4x5", "3x2x5", "30", "9", "7", "4"])
    let again = try Network(
      JSONDecoder().decode(ModelDescription.self, from: JSONEncoder().encode(network.namedDescription)))
    #expect(again.nodes.map(\.output) == network.nodes.map(\.output))
    #expect((again.nodes[7].layer as? LeakyReLU)?.slope == 0.25)
    #expect((again.nodes[16].layer as? LeakyReLU)?.slope == 0.01)
    #expect((again.nodes[8].layer as? AdaptiveAveragePool2D)?.size == Size2D(3, 2))
  }

  /// Activations become part of the operation before them where it can take them over.
  @Test func fusesWhatOperationsCanTakeOver() throws {
    let plan = Plan(try Network(description(Self.model)), maximumBatch: 1, seed: 1)
    #expect(
      plan.costs.map(\.name) == [
        "conv1 + relu1 + pool1", "conv2", "bn1", "silu1", "conv3", "relu2", "pool2", "flatten1",
        "bn2 + relu3",
        "fc1", "sigmoid1", "fc2 + relu4", "relu5", "relu6", "pool3", "flatten2", "fc3",
      ])
  }

  @Test(arguments: [
    (#"{"type": "relu6", "slope": 1}"#, "unknown parameter; expected no parameters"),
    (#"{"type": "silu", "beta": 1}"#, "unknown parameter; expected no parameters"),
    (#"{"type": "flatten", "start": 1}"#, "unknown parameter; expected no parameters"),
    (#"{"type": "leaky_relu", "alpha": 1}"#, "unknown parameter; expected slope"),
    (#"{"type": "adaptive_average_pool2d"}"#, "size"),
    (
      #"{"type": "adaptive_average_pool2d", "size": [1, 2, 3]}"#, "expected a whole number or [height, width]"
    ),
    (#"{"type": "adaptive_average_pool2d", "size": 0}"#, "layer pool1: size must be above 0, found 0"),
    (#"{"type": "adaptive_average_pool2d", "size": 5000}"#, "layer pool1: sizes go up to 4096, found 5000"),
  ])
  func saysWhatIsWrong(_ layer: String, _ expected: String) {
    var message = ""
    do {
      _ = try Network(description(#"{"name": "m", "input": [4, 4, 2], "layers": [\#(layer)]}"#))
    } catch { message = "\(error)" }
    #expect(message.contains(expected), "\(message)")
  }

  @Test func slopesAreFinite() {
    #expect(throws: ModelError.self) {
      try Network(ModelDescription(name: "m", input: Shape(4, 4, 2), layers: [LeakyReLU(slope: .infinity)]))
    }
  }

  /// Weights start as before a ReLU where one of its kin follows.
  @Test(arguments: [
    (ReLU6() as any Layer, true), (SiLU(), true), (LeakyReLU(), true), (Sigmoid(), false),
  ])
  func weightsStartByWhatFollows(_ layer: any Layer, _ isRectifier: Bool) throws {
    let network = try Network(
      ModelDescription(
        name: "m", input: Shape(features: 300),
        layers: [Dense(units: 100), layer, Dense(units: 4)]))
    var parameters = [Float](repeating: .nan, count: network.layout.parameterCount)
    var span = parameters.mutableSpan
    network.initialize(&span, seed: 1)
    let weights = parameters[network.layout.tensors[0].range].doubles
    let deviation = (dot(weights, weights) / Double(weights.count)).squareRoot()
    let expected = isRectifier ? (2.0 / 300).squareRoot() : (6.0 / 400).squareRoot() / 3.squareRoot()
    #expect(abs(deviation / expected - 1) < 0.02)
  }

  /// Loss and all gradients against PyTorch. Weights behind `flatten` are in PyTorch's order there: batch
  /// normalisation of features would notice another one.
  @Test(.enabled(if: Python.isThere, Comment(rawValue: Python.hint)))
  func gradientsAgreeWithPyTorch() throws {
    let count = 5
    let lines = try pyTorchLines(
      """
      model = nn.Sequential(
          nn.Conv2d(3, 8, 3, 1, 1), nn.ReLU6(), nn.MaxPool2d(2), nn.Conv2d(8, 17, 3, 1, 1), nn.BatchNorm2d(17),
          nn.SiLU(), nn.Conv2d(17, 5, 1), nn.LeakyReLU(0.25), nn.AdaptiveAvgPool2d((3, 2)), nn.Flatten(),
          nn.BatchNorm1d(30), nn.ReLU6(), nn.Linear(30, 9), nn.Sigmoid(), nn.Linear(9, 7), nn.ReLU6(),
          nn.LeakyReLU(), nn.ReLU6(), nn.Unflatten(1, (7, 1, 1)), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
          nn.Linear(7, 4))
      for seed, p in enumerate(model.parameters()):
          p.data = 4 * numbers(p.numel(), seed + 2).view(p.shape)
      x = numbers(\(count) * 9 * 8 * 3, 1).view(\(count), 9, 8, 3).permute(0, 3, 1, 2)
      loss = F.cross_entropy(model(x), torch.arange(\(count)) % 4, reduction="sum") / \(3 * count)
      loss.backward()
      show(loss, *[p.grad for p in model.parameters()])
      """)
    let fixture = try PlanTests.Fixture(description(Self.model), count: count)
    let (network, layout) = (fixture.network, fixture.network.layout)
    let trainable = layout.tensors.indices.filter { layout.tensors[$0].kind == .trainable }
    for (seed, index) in trainable.enumerated() {
      let range = layout.tensors[index].range
      let numbers = exactNumbers(range.count, seed: seed + 2).map { 4 * $0 }
      var own = [Float](repeating: .nan, count: range.count)
      var span = own.mutableSpan
      network.pyTorchForms[index].restore(numbers.span, to: &span)
      fixture.parameters.replaceSubrange(range, with: own)
    }
    fixture.plan.withInputs { images, _, _ in
      images.copy(from: exactNumbers(images.count, seed: 1).span)
    }
    let gradients = fixture.gradients()
    try #require(lines.count == 1 + trainable.count)
    #expect(abs(Double(gradients[layout.place(of: .loss)]) - lines[0][0]) <= 1e-5 * lines[0][0])
    for (index, expected) in zip(trainable, lines.dropFirst()) {
      let tensor = layout.tensors[index]
      let exported = network.pyTorchForms[index].exported(gradients.span.extracting(tensor.range))
      // Batch normalisation takes away what this bias adds: what is left of its gradient is rounding.
      guard tensor.name != "conv2.bias" else {
        #expect(exported.allSatisfy { abs($0) < 1e-5 })
        continue
      }
      #expect(expected.contains { abs($0) > 1e-4 }, "\(tensor.name): no gradient to compare")
      expectRelative(exported, expected, tolerance: 2e-4, tensor.name)
    }
  }

  @Test(arguments: [ReLU6() as any Layer, SiLU(), LeakyReLU(), Sigmoid(), GlobalAveragePool2D(), Flatten()])
  func nanReachesTheLoss(_ layer: any Layer) throws {
    let model = ModelDescription(
      name: "m", input: Shape(5, 5, 2), layers: [Conv2D(filters: 4, kernel: 2), layer, Dense(units: 3)])
    let fixture = try PlanTests.Fixture(model, count: 2)
    fixture.parameters[0] = .nan
    #expect(fixture.gradients()[fixture.network.layout.place(of: .loss)].isNaN)
  }
}
