import Files
import Foundation
import Models
import Networks
import Tensors
import TestSupport
import Testing

/// Weights that other programs wrote, by their names.
@Suite struct ImportedWeightsTests {
  private static let small = """
    {"name": "small", "input": [4, 4, 3], "layers": [
      {"type": "conv2d", "name": "stem", "filters": 6, "kernel": 3, "padding": "same"},
      {"type": "conv2d", "name": "deep", "filters": 6, "kernel": 3, "padding": "same", "groups": 6, "bias": false},
      {"type": "batch_norm", "name": "norm"}, {"type": "relu"}, {"type": "dense", "name": "head", "units": 4}
    ]}
    """

  private func network(_ json: String = Self.small) throws -> Network {
    try Network(JSONDecoder().decode(ModelDescription.self, from: Data(json.utf8)))
  }

  private func tensor(_ name: String, _ shape: [Int], seed: UInt64) -> NamedTensor {
    NamedTensor(name, shape, .floats(randomNumbers(shape.reduce(1, *), seed: seed).map { abs($0) }))
  }

  private func numbers(_ tensor: NamedTensor) -> [Float] {
    guard case .floats(let numbers) = tensor.values else { return [] }
    return numbers
  }

  /// Keras stores filters as (H, W, C, K), depthwise ones as (H, W, C, 1), and dense weights as (in, out) behind a
  /// flatten in the order H, W, C: all of them as they are stored here.
  @Test(arguments: ["/", "."], ["", ":0"])
  func kerasNamesAndOrders(_ separator: String, _ end: String) throws {
    let network = try network()
    let tensors = [
      ("stem", "kernel", [3, 3, 3, 6]), ("stem", "bias", [6]), ("deep", "depthwise_kernel", [3, 3, 6, 1]),
      ("norm", "gamma", [6]), ("norm", "beta", [6]), ("norm", "moving_mean", [6]),
      ("norm", "moving_variance", [6]), ("head", "kernel", [96, 4]), ("head", "bias", [4]),
    ].enumerated().map { index, item in
      tensor("\(item.0)\(separator)\(item.1)\(end)", item.2, seed: UInt64(index))
    }
    // A bias has one name in both; with a point it is told by nothing, and needs nothing.
    let weights = try ImportedWeights(tensors, for: network, from: "f")
    let own = weights.parameters.array()
    for (tensor, place) in zip(tensors, network.layout.tensors) {
      #expect(Array(own[place.range]) == numbers(tensor), "\(tensor.name) as \(place.name)")
    }
    #expect(weights.library == nil)
  }

  /// The names of timm: every tensor goes where the reference code's names say.
  @Test(arguments: ["efficientnet-lite0", "mobilenet-v2"])
  func timmNamesAreRecognised(_ name: String) throws {
    let network = try Network(ModelDescription(named: name))
    let tensors = network.layout.tensors.indices.map { index in
      tensor(network.layout.tensors[index].name, network.pyTorchForms[index].shape, seed: UInt64(index))
    }
    let renamed = try tensors.map { own -> NamedTensor in
      let parts = own.name.split(separator: ".").map(String.init)
      return NamedTensor(
        "\(try timm(parts.dropLast().joined(separator: "."), name)).\(parts.last!)", own.shape, own.values)
    }
    let (own, theirs) = (
      try ImportedWeights(tensors, for: network, from: "f"),
      try ImportedWeights(renamed, for: network, from: "f")
    )
    #expect(own.library == nil && theirs.library == "timm")
    #expect(own.parameters.array() == theirs.parameters.array())
  }

  /// timm's name for a layer, from the way in which it builds these networks.
  private func timm(_ layer: String, _ network: String) throws -> String {
    let isLite = network == "efficientnet-lite0"
    let ends = [
      "_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier",
      "features.0.0": "conv_stem", "features.0.1": "bn1", "features.18.0": "conv_head",
      "features.18.1": "bn2",
      "classifier.1": "classifier",
    ]
    if let end = ends[layer] { return end }
    let parts = layer.split(separator: ".")
    var number = try #require(Int(parts[1])) - (isLite ? 0 : 1)
    var stage = 0
    for count in isLite ? [1, 2, 2, 3, 3, 4, 1] : [1, 2, 3, 4, 3, 3, 1] {
      if number < count { break }
      number -= count
      stage += 1
    }
    let part = parts.dropFirst(isLite ? 2 : 3).joined(separator: ".")
    let deep = [
      "_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw", "_bn1": "bn2",
      "_project_conv": "conv_pwl", "_bn2": "bn3", "0.0": "conv_pw", "0.1": "bn1", "1.0": "conv_dw",
      "1.1": "bn2",
      "2": "conv_pwl", "3": "bn3",
    ]
    let first = [
      "_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2",
      "0.0": "conv_dw",
      "0.1": "bn1", "1": "conv_pw", "2": "bn2",
    ]
    return "blocks.\(stage).\(number).\(try #require((stage == 0 ? first : deep)[part]))"
  }

  private func pyTorchTensors(_ network: Network) -> [NamedTensor] {
    network.layout.tensors.indices.map { index in
      tensor(network.layout.tensors[index].name, network.pyTorchForms[index].shape, seed: UInt64(index))
    }
  }

  @Test func namesAreMappedByLayerOrTensor() throws {
    let network = try network()
    let tensors = pyTorchTensors(network).map { own in
      NamedTensor(
        own.name.replacing("stem.", with: "Conv/first.").replacing("norm.weight", with: "scale"), own.shape,
        own.values)
    }
    let weights = try ImportedWeights(
      tensors, for: network, names: ["Conv/first": "stem", "scale": "norm.weight"], from: "f")
    let plain = try ImportedWeights(pyTorchTensors(network), for: network, from: "f")
    #expect(weights.parameters.array() == plain.parameters.array())
    let error = #expect(throws: ModelError.self) {
      try ImportedWeights(tensors, for: network, names: ["Conv/first": "sten"], from: "f")
    }
    #expect(
      error?.description
        == "f: expected \"Conv/first\" to be mapped to a layer or tensor of model small, found \"sten\"")
  }

  @Test func whatDoesNotFitIsListedWithShapes() throws {
    let network = try network()
    var tensors = pyTorchTensors(network)
    tensors.removeAll { $0.name == "norm.bias" }
    tensors.append(tensor("extra.weight", [2, 3], seed: 1))
    tensors[0] = tensor("stem.weight", [6, 4, 3, 3], seed: 1)
    let error = #expect(throws: ModelError.self) { try ImportedWeights(tensors, for: network, from: "f.pth") }
    #expect(
      error?.description == """
        f.pth: expected the tensors of model small, found 1 missing (norm.bias [6]); 1 left over (extra.weight [2, 3]); \
        1 of another shape or type (stem.weight [6, 4, 3, 3], expected [6, 3, 3, 3] for stem.weight)
        """)
  }

  @Test func numbersAreChecked() throws {
    let network = try network()
    var tensors = pyTorchTensors(network)
    let place = try #require(tensors.firstIndex { $0.name == "norm.running_var" })
    tensors[place] = NamedTensor("norm.running_var", [6], .floats([1, 1, -1, 1, 1, 1]))
    #expect(throws: ModelError.self) { try ImportedWeights(tensors, for: network, from: "f") }
    tensors[place] = NamedTensor("norm.running_var", [6], .floats([1, 1, .nan, 1, 1, 1]))
    #expect(throws: ModelError.self) { try ImportedWeights(tensors, for: network, from: "f") }
  }

  /// Counters and wrappers are left out, and a dense layer takes a convolution's weights over all positions.
  @Test func countersWrappersAndFullConvolutions() throws {
    let network = try network()
    let plain = try ImportedWeights(pyTorchTensors(network), for: network, from: "f")
    var tensors = pyTorchTensors(network).map { own in
      NamedTensor("module.\(own.name)", own.name == "head.weight" ? [4, 6, 4, 4] : own.shape, own.values)
    }
    tensors.append(NamedTensor("module.norm.num_batches_tracked", [], .integers([7])))
    let weights = try ImportedWeights(tensors, for: network, from: "f")
    #expect(weights.parameters.array() == plain.parameters.array())
  }

  @Test func classNamesInAllForms() throws {
    try withTemporaryDirectory { directory in
      let forms = [
        "a cat\nb\nc\n", #"["a cat", "b", "c"]"#, #"{"0": "a cat", "1": "b", "2": "c"}"#,
        #"{"1": ["n1", "b"], "0": ["n0", "a cat"], "2": ["n2", "c"]}"#,
      ]
      for text in forms {
        try text.write(toFile: "\(directory)/names", atomically: true, encoding: .utf8)
        #expect(try ClassNames.read("\(directory)/names", count: 3) == ["a cat", "b", "c"])
        let error = #expect(throws: FileError.self) { try ClassNames.read("\(directory)/names", count: 4) }
        #expect(error?.description.contains("expected") == true)
      }
    }
  }
}
