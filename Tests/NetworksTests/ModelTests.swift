import Files
import Foundation
import Networks
import Tensors
import TestSupport
import Testing

@Suite struct ModelZooTests {
  /// Numbers of parameters by hand: filters x (KH KW C + 1) and units x (inputs + 1).
  @Test(arguments: [
    ("mnist-cnn", 32 * 10 + 64 * 289 + 128 * 1601 + 10 * 129),
    ("mnist-cnn-same", 32 * 10 + 64 * 289 + 128 * 3137 + 10 * 129),
    ("mnist-small", 32 * 10 + 128 * 5409 + 10 * 129),
    ("lenet5", 6 * 26 + 16 * 151 + 120 * 401 + 84 * 121 + 10 * 85),
    ("mnist-bn", 32 * 9 + 64 + 32 * 288 + 64 + 64 * 288 + 128 + 64 * 576 + 128 + 128 * 1024 + 256 + 10 * 129),
  ])
  func parameterCounts(_ name: String, _ expected: Int) throws {
    let network = try Network(ModelDescription(named: name))
    #expect(network.layout.trainableNumbers == expected)
    #expect(network.input == Shape(28, 28, 1) && network.classes == 10)
  }

  /// By PyTorch, see `Tests/Golden/parameter_counts.py`.
  @Test(arguments: [
    ("cifar-vgg", 1_187_274), ("resnet18-cifar", 11_173_962), ("resnet20", 269_722),
    ("resnet9", 6_573_130), ("resnet9-small", 1_646_122), ("alexnet", 61_100_840),
    ("vgg11", 132_863_336), ("vgg16", 138_357_544), ("vgg19", 143_667_240), ("resnet18", 11_689_512),
    ("resnet34", 21_797_672), ("resnet50", 25_557_032), ("mobilenet-v2", 3_504_872),
    ("efficientnet-lite0", 4_652_008),
  ])
  func parameterCountsOfPyTorch(_ name: String, _ expected: Int) throws {
    let network = try Network(ModelDescription(named: name))
    #expect(network.layout.trainableNumbers == expected)
    let side = network.classes == 10 ? 32 : 224
    #expect(network.input == Shape(side, side, 3) && [10, 1000].contains(network.classes))
  }

  @Test func vggsHaveTheLayersOfThePapers() throws {
    let vgg16 = try Network(ModelDescription(named: "vgg16"))
    let convolutions = vgg16.nodes.filter { $0.layer is Conv2D }
    #expect(convolutions.count == 13 && convolutions.last?.name == "features.28")
    #expect(vgg16.nodes.filter { $0.layer is MaxPool2D }.map(\.output.height) == [112, 56, 28, 14, 7])
    #expect(vgg16.nodes.suffix(7).map(\.output.count) == [4096, 4096, 4096, 4096, 4096, 4096, 1000])
    #expect(vgg16.nodes.count { $0.layer is Dropout } == 2)
    let cifar = try Network(ModelDescription(named: "cifar-vgg"))
    #expect(
      cifar.layout.tensors.filter { $0.name.hasSuffix("weight") && $0.shape.count == 4 }.map(\.shape.last)
        == [64, 64, 128, 128, 256, 256])
    #expect(cifar.nodes.filter { $0.layer is MaxPool2D }.map(\.output.height) == [16, 8, 4])
    #expect(!cifar.layout.tensors.contains { $0.name.hasPrefix("conv") && $0.name.hasSuffix("bias") })
  }

  @Test func tensorsHavePyTorchNames() throws {
    let network = try Network(ModelDescription(named: "mnist-bn"))
    #expect(
      network.layout.tensors.map(\.name) == [
        "conv1.weight", "bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var", "conv2.weight",
        "bn2.weight", "bn2.bias", "bn2.running_mean", "bn2.running_var", "conv3.weight", "bn3.weight",
        "bn3.bias",
        "bn3.running_mean", "bn3.running_var", "conv4.weight", "bn4.weight", "bn4.bias", "bn4.running_mean",
        "bn4.running_var", "fc1.weight", "bn5.weight", "bn5.bias", "bn5.running_mean", "bn5.running_var",
        "fc2.weight", "fc2.bias",
      ])
  }

  @Test func everyModelSurvivesJSON() throws {
    for model in ModelZoo.models {
      let json = try JSONEncoder().encode(model)
      let again = try Network(JSONDecoder().decode(ModelDescription.self, from: json))
      let original = try Network(model)
      #expect(again.layout.tensors == original.layout.tensors)
      #expect(again.nodes.map(\.output) == original.nodes.map(\.output))
    }
  }
}

@Suite struct ModelFileTests {
  private func network(_ json: String) throws -> Network {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/model.json"
      try json.write(toFile: path, atomically: true, encoding: .utf8)
      return try Network(ModelDescription(named: path))
    }
  }

  @Test func readsLayersWithTheirParameters() throws {
    let network = try network(
      """
      {"name": "tiny", "input": [9, 8, 3], "layers": [
        {"type": "conv2d", "name": "first", "filters": 4, "kernel": [3, 2], "stride": [2, 1], "padding": 1, "bias": false},
        {"type": "batch_norm"}, {"type": "relu"},
        {"type": "average_pool2d", "size": 2, "stride": 1},
        {"type": "dropout", "rate": 0.5},
        {"type": "dense", "units": 5}
      ]}
      """)
    #expect(network.nodes.map(\.name) == ["first", "bn1", "relu1", "pool1", "dropout1", "fc1"])
    #expect(network.nodes.map { "\($0.output)" } == ["5x9x4", "5x9x4", "5x9x4", "4x8x4", "4x8x4", "5"])
    #expect(network.layout.tensors[0].shape == [3, 2, 3, 4])
    #expect(network.classes == 5)
  }

  @Test(arguments: [
    (#"{"name": "m", "input": [28, 28], "layers": []}"#, "input: expected [height, width, channels]"),
    (#"{"name": "m", "input": [4, 4, 1], "layers": []}"#, "model m: expected layers, found none"),
    (#"{"name": "m", "layers": []}"#, "\"input\" is missing"),
    (
      #"{"name": "m", "input": [4, 4, 1], "layer": []}"#,
      "layer: unknown parameter; expected name, input, layers"
    ),
    (
      #"{"name": "m", "input": [4, 4, 1], "layers": [{"type": "conv3d"}]}"#,
      "layers[0].type: no layer is called \"conv3d\""
    ),
    (
      #"{"name": "m", "input": [4, 4, 1], "layers": [{"type": "dense", "units": 9, "unit": 3}]}"#,
      "layers[0].unit: unknown parameter; expected units, bias"
    ),
    (
      #"{"name": "m", "input": [4, 4, 1], "layers": [{"type": "dense", "units": "9"}]}"#,
      "layers[0].units: expected Int"
    ),
    (
      #"{"name": "m", "input": [4, 4, 1], "layers": [{"type": "relu", "slope": 1}]}"#,
      "layers[0].slope: unknown parameter; expected no parameters"
    ),
    (
      #"{"name": "m", "input": [9, 9, 1], "layers": [{"type": "max_pool2d", "name": "p", "size": 2}, {"type": "conv2d", "filters": 2, "kernel": 5}]}"#,
      "layer conv1: a window of 5x5, padding 0, does not fit into the input 4x4x1 (from layer p, 4x4x1)"
    ),
    (
      #"{"name": "m", "input": [4, 4, 1], "layers": [{"type": "dense", "units": 0}]}"#,
      "layer fc1: units must be above 0, found 0"
    ),
    (
      #"{"name": "m", "input": [4, 4, 1], "layers": [{"type": "dropout", "rate": 1}]}"#,
      "layer dropout1: rate must be in [0, 1), found 1.0"
    ),
    (
      #"{"name": "m", "input": [4, 4, 1], "layers": [{"type": "max_pool2d", "size": 2, "padding": 2}]}"#,
      "layer pool1: padding must be less than the window's size of 2, found 2"
    ),
    (
      #"{"name": "m", "input": [4, 4, 1], "layers": [{"type": "max_pool2d", "size": 4}]}"#,
      "layer pool1: expected the logits of at least 2 classes, found the output shape 1"
    ),
    (
      #"{"name": "m", "input": [4, 4, 1], "layers": [{"type": "relu", "name": "a"}, {"type": "relu", "name": "a"}]}"#,
      "two layers are called \"a\""
    ),
    ("{", "model.json, line 1, column 2: expected a key in double quotes, found the end"),
    (
      #"{"name": "m", "input": [4, 4, 1], "layers": [{"type": "conv2d", "filters": 2, "kernel": 3, "kernel": 5}]}"#,
      "model.json, line 1, column 92: expected each key once, found \"kernel\" again"
    ),
    ("\u{FEFF}{}", "without a byte order mark"),
    ("<html>", "model.json: expected the description of a model in JSON, found an HTML page"),
  ])
  func saysWhatIsWrong(_ json: String, _ expected: String) throws {
    var message = ""
    do { _ = try network(json) } catch { message = "\(error)" }
    #expect(message.contains(expected), "\(message)")
    #expect(!message.contains("\n"))
  }

  /// Time must not grow with the square of the number of layers: it comes from the file.
  @Test func manyLayersAreReadAtOnce() throws {
    let layers = String(repeating: #"{"type": "batch_norm"}, {"type": "relu"}, "#, count: 10_000)
    let start = threadSeconds()
    let network = try network(
      #"{"name": "deep", "input": [1, 1, 2], "layers": [\#(layers){"type": "relu", "name": "last"}]}"#)
    #expect(network.nodes.count == 20_001 && network.nodes[19_998].name == "bn10000")
    let plan = Plan(network, maximumBatch: 1, seed: 1, forwardOnly: true)
    #expect(plan.operationCount == 10_001)
    let seconds = threadSeconds() - start
    #expect(seconds < 4, "\(seconds) s")
  }

  @Test func unknownNamesAndMissingFiles() throws {
    #expect(
      throws: ModelError(
        "no model is called \"resnet\"; there are \(ModelZoo.names), or give the path of a .json file")
    ) {
      try ModelDescription(named: "resnet")
    }
    try withMissingPath { path in
      let error = #expect(throws: FileError.self) { try ModelDescription(named: "\(path).json") }
      #expect(error?.description.hasPrefix("\(path).json: expected a readable model file") == true)
    }
  }
}

@Suite struct InitializationTests {
  private func values(_ tensor: String, model: String = "mnist-cnn", seed: UInt64 = 1) throws -> [Double] {
    let network = try Network(ModelDescription(named: model))
    var parameters = [Float](repeating: .nan, count: network.layout.parameterCount)
    var span = parameters.mutableSpan
    network.initialize(&span, seed: seed)
    let range = network.layout.tensors.first { $0.name == tensor }!.range
    return Array(parameters[range]).doubles
  }

  private func deviation(_ values: [Double]) -> Double {
    (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot()
  }

  @Test func weightsBeforeReLUAreHes() throws {
    #expect(abs(deviation(try values("conv2.weight")) / (2.0 / 288).squareRoot() - 1) < 0.03)
    #expect(abs(deviation(try values("fc1.weight")) / (2.0 / 1600).squareRoot() - 1) < 0.03)
  }

  /// PyTorch's `kaiming_uniform_` with a = sqrt(5), to which its convolutions and dense layers start.
  @Test(arguments: [("conv2.weight", 288.0), ("fc1.weight", 1024)])
  func weightsBeforeBatchNormAreSmaller(_ name: String, _ fanIn: Double) throws {
    let values = try values(name, model: "mnist-bn")
    #expect(abs(deviation(values) / (1 / (3 * fanIn)).squareRoot() - 1) < 0.03)
    #expect(values.allSatisfy { abs($0) <= 1 / fanIn.squareRoot() })
  }

  @Test func logitsStartNearZero() throws {
    #expect(abs(deviation(try values("fc2.weight")) / 0.01 - 1) < 0.06)
  }

  @Test func othersAreConstant() throws {
    #expect(try values("conv1.bias").allSatisfy { $0 == 0 })
    #expect(try values("bn1.weight", model: "mnist-bn").allSatisfy { $0 == 1 })
    #expect(try values("bn1.running_var", model: "mnist-bn").allSatisfy { $0 == 1 })
  }

  @Test func dependOnTheSeed() throws {
    #expect(try values("conv1.weight") == values("conv1.weight"))
    #expect(try values("conv1.weight") != values("conv1.weight", seed: 2))
  }

  /// The uniform rule, for a layer that no ReLU follows.
  @Test func glorotStaysInItsBounds() {
    var values = [Float](repeating: 0, count: 10_000)
    var span = values.mutableSpan
    var random = RandomStream(seed: 1, purpose: .initialization)
    Initializer.glorot(fanIn: 100, fanOut: 50).fill(&span, random: &random)
    let bound = Float(6.0 / 150).squareRoot()
    #expect(values.allSatisfy { abs($0) <= bound })
    #expect(abs(deviation(values.doubles) / Double(bound) * 3.squareRoot() - 1) < 0.03)
  }
}
