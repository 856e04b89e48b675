import Foundation
import Networks
import Tensors
import TestSupport
import Testing

/// Networks whose layers name their inputs.
@Suite struct GraphTests {
  private static func network(_ layers: String, input: String = "[4, 4, 2]") throws -> Network {
    let json = #"{"name": "m", "input": \#(input), "layers": [\#(layers)]}"#
    return try Network(JSONDecoder().decode(ModelDescription.self, from: Data(json.utf8)))
  }

  @Test func layersReadTheOneBeforeThemOrThoseThatTheyName() throws {
    let network = try Self.network(
      """
      {"type": "conv2d", "name": "a", "filters": 2, "kernel": 3, "padding": 1},
      {"type": "relu"},
      {"type": "conv2d", "name": "b", "filters": 3, "kernel": 1, "inputs": ["input"]},
      {"type": "concat", "inputs": ["relu1", "b", "a"]},
      {"type": "conv2d", "filters": 2, "kernel": 1},
      {"type": "add", "inputs": ["conv3", "input", "a"]},
      {"type": "dense", "units": 3}
      """)
    #expect(network.nodes.map(\.name) == ["a", "relu1", "b", "concat1", "conv3", "add1", "fc1"])
    #expect(network.nodes.map(\.inputs) == [[0], [1], [0], [2, 3, 1], [4], [5, 0, 1], [6]])
    #expect(
      network.nodes.map { "\($0.output)" } == ["4x4x2", "4x4x2", "4x4x3", "4x4x7", "4x4x2", "4x4x2", "3"])
    #expect(network.namedDescription.layers.map(\.inputs)[3] == ["relu1", "b", "a"])
    #expect(network.namedDescription.layers.map(\.inputs)[4] == nil)
  }

  @Test(arguments: [
    (
      #"{"type": "relu", "name": "a", "inputs": ["b"]}, {"type": "relu", "name": "c"}, {"type": "relu", "name": "b"}"#,
      "model m: expected layers without a cycle, found a -> c -> b -> a"
    ),
    (
      #"{"type": "relu", "name": "a", "inputs": ["a"]}"#,
      "model m: expected layers without a cycle, found a -> a"
    ),
    (
      #"{"type": "relu", "name": "a", "inputs": ["b"]}, {"type": "relu", "name": "b", "inputs": ["input"]}"#,
      "model m, layer a: expected inputs that are listed before it, found b behind it"
    ),
    (
      #"{"type": "relu", "name": "a", "inputs": ["x"]}"#,
      #"model m, layer a: expected inputs that are layers, or "input" for the images, found "x""#
    ),
    (
      #"{"type": "relu", "name": "a"}, {"type": "relu", "name": "b"}, {"type": "relu", "name": "c", "inputs": ["a"]}"#,
      "model m: expected that all but the last layer, c, are read, found no layer that reads layer b"
    ),
    (
      #"{"type": "add", "name": "a", "inputs": []}"#,
      "model m: expected that all but the last layer, a, are read, found no layer that reads the model's input"
    ),
    (
      #"{"type": "conv2d", "name": "a", "filters": 3, "kernel": 1}, {"type": "add", "inputs": ["a", "input"]}"#,
      "model m, layer add1: expected inputs of one shape, found 4x4x3, 4x4x2 (from layer a, 4x4x3; the model's input, 4x4x2)"
    ),
    (
      #"{"type": "max_pool2d", "name": "p", "size": 2}, {"type": "concat", "inputs": ["p", "input"]}"#,
      "model m, layer concat1: expected inputs of one height and width, found 2x2x2, 4x4x2 (from layer p, 2x2x2; the model's input, 4x4x2)"
    ),
    (
      #"{"type": "max_pool2d", "name": "p", "size": 2}, {"type": "multiply", "inputs": ["input", "p"]}"#,
      "model m, layer multiply1: expected a second input with as many elements as the first along each axis, or one, found 2x2x2 for 4x4x2"
    ),
    (
      #"{"type": "relu", "name": "a"}, {"type": "relu", "name": "b", "inputs": ["a", "input"]}"#,
      "model m, layer b: expected one input, found 2 (from layer a, 4x4x2; the model's input, 4x4x2)"
    ),
    (#"{"type": "add"}"#, "model m, layer add1: expected two or more inputs, found 1"),
    (#"{"type": "relu", "name": "input"}"#, #"expected another name than "input" for a layer"#),
    (#"{"type": "relu", "inputs": "a"}"#, "inputs"),
    (
      #"{"type": "dense", "units": 0, "name": "a\nb\u001b[31m"}"#,
      #"layer a\nb\u{1b}[31m: units must be above 0"#
    ),
  ])
  func saysWhatIsWrong(_ layers: String, _ expected: String) throws {
    var message = ""
    do { _ = try Self.network(layers) } catch { message = "\(error)" }
    #expect(message.contains(expected), "\(message)")
    #expect(!message.contains("\n") || message.contains("DecodingError"))
  }

  /// A network of all ways to branch and join, one value read by the same layer twice among them.
  static let branches = """
    {"type": "conv2d", "name": "a", "filters": 4, "kernel": 3, "padding": 1}, {"type": "batch_norm"}, {"type": "relu"},
    {"type": "conv2d", "name": "b", "filters": 4, "kernel": 3, "padding": 1}, {"type": "batch_norm"},
    {"type": "add", "name": "s", "inputs": ["bn2", "relu1"]}, {"type": "relu", "name": "t"},
    {"type": "conv2d", "name": "c", "filters": 3, "kernel": 1, "inputs": ["t"]},
    {"type": "average_pool2d", "name": "squeeze", "size": [4, 5], "inputs": ["t"]},
    {"type": "dense", "name": "excite", "units": 4},
    {"type": "multiply", "name": "se", "inputs": ["t", "excite"]},
    {"type": "pad_channels", "name": "wide", "before": 1, "after": 2, "inputs": ["a"]},
    {"type": "concat", "name": "all", "inputs": ["c", "se", "wide", "c", "input"]},
    {"type": "add", "name": "twice", "inputs": ["all", "all", "all"]},
    {"type": "multiply", "name": "square", "inputs": ["twice", "all"]},
    {"type": "max_pool2d", "size": 2, "stride": 1}, {"type": "dense", "units": 3}
    """

  /// The gradient of each tensor along random directions against central differences of the loss.
  @Test func gradientsAgreeWithDifferencesWhereValuesHaveSeveralReaders() throws {
    let json = #"{"name": "branches", "input": [4, 5, 2], "layers": [\#(Self.branches)]}"#
    let model = try JSONDecoder().decode(ModelDescription.self, from: Data(json.utf8))
    let fixture = try PlanTests.Fixture(model, count: 5)
    let gradients = fixture.gradients()
    let start = fixture.parameters
    // Batch normalisation takes away what the bias before it adds.
    let free = fixture.network.layout.tensors.filter { $0.kind == .trainable && $0.name != "b.bias" }
    #expect(free.count == 13)
    for tensor in free {
      let gradient = gradients[tensor.range].doubles
      let length = dot(gradient, gradient).squareRoot()
      #expect(length > 1e-3, "\(tensor.name): no gradient to compare")
      let direction = gradient.map { $0 / length }
      func loss(_ step: Double) -> Double {
        fixture.parameters = start
        for (place, d) in zip(tensor.range, direction) { fixture.parameters[place] += Float(step * d) }
        return fixture.loss()
      }
      let step = 2e-4
      let expected = (loss(step) - loss(-step)) / (2 * step)
      #expect(abs(length - expected) <= 0.01 * length, "\(tensor.name): \(length), expected \(expected)")
    }
  }

  /// Activations share memory in inference, and the logits are those of a plan in which most do not.
  @Test func sharedMemoryDoesNotShowInTheLogits() throws {
    let json = #"{"name": "branches", "input": [4, 5, 2], "layers": [\#(Self.branches)]}"#
    let model = try JSONDecoder().decode(ModelDescription.self, from: Data(json.utf8))
    let fixture = try PlanTests.Fixture(model, count: 5)
    let plan = Plan(fixture.network, maximumBatch: 7, seed: 3, forwardOnly: true)
    plan.pass = fixture.plan.pass
    (plan.pass.mode, fixture.plan.pass.mode) = (.evaluation, .evaluation)
    plan.withInputs { images, _, _ in images.copy(from: randomNumbers(images.count, seed: 7).span) }
    plan.forward(parameters: fixture.parameters.span)
    fixture.plan.forward(parameters: fixture.parameters.span)
    let theirs = fixture.plan.withLogits { logits in logits.indices.map { logits[$0] } }
    let own = plan.withLogits { logits in logits.indices.map { logits[$0] } }
    #expect(own == theirs && own.count == 15)
    let memory = Plan.activationMemory(of: fixture.network, maximumBatch: 7, forwardOnly: true)
    #expect(memory.shared < 0.7 * memory.unshared)
  }

  /// A layer takes over the ReLU behind it only where nobody else reads it.
  @Test func valuesOfSeveralReadersAreNotFusedAway() throws {
    let json = #"{"name": "branches", "input": [4, 5, 2], "layers": [\#(Self.branches)]}"#
    let network = try Network(JSONDecoder().decode(ModelDescription.self, from: Data(json.utf8)))
    let names = Plan(network, maximumBatch: 1, seed: 1).costs.map(\.name)
    #expect(names.contains("bn1 + relu1") && names.contains("s + t") && names.contains("a"))
    let shared = try Self.network(
      """
      {"type": "conv2d", "name": "a", "filters": 2, "kernel": 1}, {"type": "relu", "name": "r"},
      {"type": "add", "inputs": ["a", "r"]}
      """)
    #expect(Plan(shared, maximumBatch: 1, seed: 1).costs.map(\.name) == ["a", "r", "add1"])
  }

  /// Weights before a branch start as its activations want.
  @Test func startingWeightsSeeTheActivationBehindASum() throws {
    let network = try Self.network(
      """
      {"type": "conv2d", "name": "a", "filters": 64, "kernel": 3, "padding": 1},
      {"type": "add", "inputs": ["a", "a"]}, {"type": "relu"},
      {"type": "conv2d", "name": "b", "filters": 64, "kernel": 3, "padding": 1}, {"type": "dense", "units": 2}
      """, input: "[4, 4, 64]")
    var parameters = [Float](repeating: 0, count: network.layout.parameterCount)
    var span = parameters.mutableSpan
    network.initialize(&span, seed: 1)
    func deviation(_ name: String) -> Double {
      let values = parameters[network.layout.tensors.first { $0.name == name }!.range].doubles
      return (dot(values, values) / Double(values.count)).squareRoot()
    }
    // He: sqrt(2 / (9 * 64)) = 0.0589; Glorot: sqrt(2 / (9 * 128)) = 0.0417.
    #expect(abs(deviation("a.weight") - 0.0589) < 0.0006)
    #expect(abs(deviation("b.weight") - 0.0417) < 0.0005)
  }
}
