import Foundation
import Kernels
import Networks
import Tensors
import TestSupport
import Testing

/// What model files say of convolutions and of padding.
@Suite struct ConvolutionLayerTests {
  private func network(_ layers: String, input: String = "[9, 8, 6]") throws -> Network {
    let json = #"{"name": "m", "input": \#(input), "layers": [\#(layers)]}"#
    return try Network(ModelDescription(json: Array(json.utf8), path: "m.json"))
  }

  @Test func readsGroupsDilationAndPadding() throws {
    let network = try network(
      """
      {"type": "conv2d", "filters": 4, "kernel": 3, "groups": 2, "padding": "same"},
      {"type": "conv2d", "filters": 4, "kernel": 3, "groups": 4, "stride": 2, "padding": "same", "bias": false},
      {"type": "max_pool2d", "size": 2, "padding": "same"},
      {"type": "conv2d", "filters": 6, "kernel": [3, 1], "dilation": [2, 1], "padding": [[3, 1], [0, 2]]},
      {"type": "average_pool2d", "size": 2, "stride": 1, "padding": [[1, 0], [0, 1]]}
      """)
    #expect(network.nodes.map { "\($0.output)" } == ["9x8x4", "5x4x4", "3x2x4", "3x4x6", "3x4x6"])
    #expect(
      network.layout.tensors.map(\.shape) == [[3, 3, 3, 4], [4], [3, 3, 1, 4], [3, 1, 4, 6], [6]])
    #expect(
      network.pyTorchForms.map(\.shape) == [[4, 3, 3, 3], [4], [4, 1, 3, 3], [6, 4, 3, 1], [6]])
    let additions = network.nodes.map { $0.layer.multiplyAdds(input: $0.input, output: $0.output) }
    #expect(additions == [9 * 8 * 4 * 9 * 3, 5 * 4 * 4 * 9, 0, 3 * 4 * 6 * 3 * 4, 0])
  }

  /// An input counts with the filters that it reaches.
  @Test func startingValuesGoByTheGroup() throws {
    let layer = Conv2D(filters: 8, kernel: 3, groups: 4)
    #expect(
      layer.parameters(for: Shape(5, 5, 12))[0].initializer == .glorot(fanIn: 9 * 3, fanOut: 9 * 2))
  }

  /// TensorFlow's rule: ceil(input / stride) outputs, the odd row below and the odd column on the right.
  @Test(arguments: [
    (7, 3, 1, 1, 1, 1), (7, 3, 2, 1, 1, 1), (8, 3, 2, 1, 0, 1), (224, 3, 2, 1, 0, 1), (8, 5, 2, 1, 1, 2),
    (8, 2, 1, 1, 0, 1), (8, 1, 3, 1, 0, 0), (8, 3, 1, 3, 3, 3), (9, 2, 4, 3, 1, 2), (2, 7, 3, 1, 2, 3),
  ])
  func sameIsTensorFlows(
    _ input: Int, _ kernel: Int, _ stride: Int, _ dilation: Int, _ before: Int, _ after: Int
  ) throws {
    let layer = Conv2D(filters: 2, kernel: kernel, stride: stride, padding: .same, dilation: dilation)
    let shape = Shape(input, input, 1)
    #expect(try layer.outputShape(for: shape).height == (input + stride - 1) / stride)
    let expected = Padding2D(before: Size2D(before), after: Size2D(after))
    #expect(layer.resolved(for: [shape]).padding == .cells(expected))
    #expect(try layer.resolved(for: [shape]).outputShape(for: shape) == layer.outputShape(for: shape))
  }

  @Test func writesTheShortestForm() throws {
    func written(_ layer: some Layer) throws -> String {
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      return String(decoding: try encoder.encode(layer), as: UTF8.self)
    }
    let start = #"{"bias":true,"#
    #expect(
      try written(Conv2D(filters: 2, kernel: 3, padding: 1))
        == start + #""filters":2,"kernel":3,"padding":1,"stride":1}"#)
    #expect(
      try written(Conv2D(filters: 2, kernel: 3, padding: .same, dilation: 3, groups: 2))
        == start + #""dilation":3,"filters":2,"groups":2,"kernel":3,"padding":"same","stride":1}"#)
    let uneven = Padding2D(before: Size2D(0, 2), after: Size2D(1, 3))
    #expect(
      try written(MaxPool2D(size: 3, padding: .cells(uneven)))
        == #"{"padding":[[0,1],[2,3]],"size":3,"stride":3}"#)
    #expect(
      try written(MaxPool2D(size: 3, padding: .cells(Padding2D(Size2D(0, 2)))))
        == #"{"padding":[0,2],"size":3,"stride":3}"#)
  }

  /// A trained model says what its layers pad, so that its readers need no rule.
  @Test func namedDescriptionsHavePaddingWrittenOut() throws {
    let network = try network(
      #"{"type": "conv2d", "filters": 2, "kernel": 3, "stride": 2, "padding": "same"}"#)
    let json = String(decoding: try JSONEncoder().encode(network.namedDescription), as: UTF8.self)
    #expect(json.contains(#""padding":[[1,1],[0,1]]"#), "\(json)")
  }

  @Test(arguments: [
    (
      #"{"type": "conv2d", "filters": 4, "kernel": 3, "groups": 4}"#,
      "layer conv1: groups must divide the input's 6 channels and the 4 filters, found 4"
    ),
    (
      #"{"type": "conv2d", "filters": 4, "kernel": 3, "groups": 3}"#,
      "layer conv1: groups must divide the input's 6 channels and the 4 filters, found 3"
    ),
    (
      #"{"type": "conv2d", "filters": 4, "kernel": 3, "groups": 0}"#,
      "layer conv1: groups must be above 0, found 0"
    ),
    (
      #"{"type": "conv2d", "filters": 4, "kernel": 3, "dilation": [1, 0]}"#,
      "layer conv1: dilation must be above 0, found 1x0"
    ),
    (
      #"{"type": "conv2d", "filters": 4, "kernel": 3, "dilation": 5}"#,
      "layer conv1: a window of 3x3, dilation 5, padding 0, does not fit into the input 9x8x6"
    ),
    (
      #"{"type": "conv2d", "filters": 4, "kernel": 3, "padding": [[1, -1], [0, 0]]}"#,
      "layer conv1: padding must not be below 0, found [[1, -1], [0, 0]]"
    ),
    (
      #"{"type": "conv2d", "filters": 4, "kernel": 3, "padding": "valid"}"#,
      #"expected a whole number, [height, width], [[top, bottom], [left, right]] or "same""#
    ),
    (
      #"{"type": "conv2d", "filters": 4, "kernel": 3, "padding": [[1, 2, 3], [0, 0]]}"#,
      #"expected a whole number, [height, width], [[top, bottom], [left, right]] or "same""#
    ),
    (
      #"{"type": "conv2d", "filters": 4, "kernel": 3, "dilation": 5000, "padding": "same"}"#,
      "layer conv1: sizes, strides, dilations and paddings go up to 4096, found 5000"
    ),
    (
      #"{"type": "max_pool2d", "size": 2, "padding": [[0, 2], [0, 0]]}"#,
      "layer pool1: padding must be less than the window's size of 2, found [[0, 2], [0, 0]]"
    ),
    (
      #"{"type": "max_pool2d", "size": 2, "dilation": 2}"#,
      "unknown parameter; expected size, stride, padding"
    ),
  ])
  func saysWhatIsWrong(_ layer: String, _ expected: String) throws {
    var message = ""
    do { _ = try network(layer) } catch { message = "\(error)" }
    #expect(message.contains(expected), "\(message)")
  }

  /// The pooling behind a depthwise convolution is an operation of its own; "same" means the whole input, even
  /// where only a part of it is computed.
  @Test func planAgreesWithDefinition() throws {
    let model = ModelDescription(
      name: "mobile", input: Shape(11, 12, 3),
      layers: [
        Conv2D(filters: 18, kernel: 1), ReLU(),
        Conv2D(filters: 18, kernel: 4, stride: 3, padding: .same, groups: 18), ReLU(),
        MaxPool2D(size: 2), Conv2D(filters: 6, kernel: 2, padding: .same, groups: 3), Dense(units: 3),
      ])
    let fixture = try PlanTests.Fixture(model, count: 2)
    #expect(
      fixture.plan.costs.map(\.name) == ["conv1 + relu1", "conv2 + relu2", "pool1", "conv3", "fc1"])
    #expect(fixture.plan.costs.map(\.algorithm) == ["direct", "depthwise", nil, "im2col", nil])
    let tensors = fixture.network.layout.tensors.map { Array(fixture.parameters[$0.range]).doubles }
    _ = fixture.loss()
    func convolution(
      _ x: [Double], _ tensor: Int, _ input: Shape, _ size: Int, _ stride: Int, _ padding: Padding2D,
      _ output: Shape, _ groups: Int
    ) -> [Double] {
      let window = Window(size: Size2D(size), stride: Size2D(stride), padding: padding)
      return naiveConv2D(
        x, tensors[tensor], tensors[tensor + 1],
        ConvolutionGeometry(input: input, window: window, output: output, groups: groups), count: 2)
    }
    let x = randomNumbers(2 * 11 * 12 * 3, seed: 7).doubles
    let first = convolution(x, 0, Shape(11, 12, 3), 1, 1, Padding2D(0), Shape(11, 12, 18), 1)
    let second = convolution(
      naiveReLU(first), 2, Shape(11, 12, 18), 4, 3, Padding2D(before: Size2D(1, 0), after: Size2D(1, 1)),
      Shape(4, 4, 18), 18)
    let pooled = naivePool2D(
      naiveReLU(second), input: Shape(4, 4, 18), window: Window(size: Size2D(2), stride: Size2D(2)), count: 2
    ) { $0.max()! }
    let third = convolution(
      pooled, 4, Shape(2, 2, 18), 2, 1, Padding2D(before: Size2D(0), after: Size2D(1)), Shape(2, 2, 6), 3)
    var logits = naiveProduct(third, tensors[6], m: 2, n: 3, k: 24)
    for index in logits.indices { logits[index] += tensors[7][index % 3] }
    fixture.plan.withLogits { actual in
      expectClose(actual.indices.map { actual[$0] }, logits, tolerance: 1e-5, "logits")
    }
  }
}
