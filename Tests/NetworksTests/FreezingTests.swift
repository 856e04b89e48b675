import Kernels
import Networks
import Tensors
import TestSupport
import Testing

@Suite struct FreezingTests {
  /// Convolutions by each algorithm, with and without pooling, dense layers and a sum: nothing that computes
  /// otherwise when it is frozen.
  private static let convolutions = ModelDescription(
    name: "convolutions", input: Shape(12, 12, 3),
    layers: [
      .init(name: "direct", layer: Conv2D(filters: 32, kernel: 3, padding: 1)),
      .init(layer: ReLU()),
      .init(name: "winograd", layer: Conv2D(filters: 32, kernel: 3, padding: 1)),
      .init(layer: ReLU()),
      .init(layer: MaxPool2D(size: 2)),
      .init(name: "depthwise", layer: Conv2D(filters: 32, kernel: 3, padding: 1, groups: 32)),
      .init(layer: ReLU()),
      .init(name: "pointwise", layer: Conv2D(filters: 20, kernel: 1)),
      .init(name: "im2col", layer: Conv2D(filters: 20, kernel: 3, padding: 1, groups: 2)),
      .init(name: "sum", inputs: ["pointwise", "im2col"], layer: Add()),
      .init(layer: ReLU()),
      .init(name: "pooled", layer: Conv2D(filters: 7, kernel: 3, padding: 1)),
      .init(layer: ReLU()),
      .init(layer: MaxPool2D(size: 2)),
      .init(name: "wide", layer: Dense(units: 11)),
      .init(layer: ReLU()),
      .init(name: "head", layer: Dense(units: 5)),
    ])

  /// The fixture of a network with some layers frozen, with the parameters of another's.
  private static func fixture(_ like: PlanTests.Fixture, frozen: [String]) throws -> PlanTests.Fixture {
    let fixture = try PlanTests.Fixture(like.network.description, count: 6, frozen: frozen)
    for (own, other) in zip(fixture.network.layout.tensors, like.network.layout.tensors) {
      fixture.parameters.replaceSubrange(own.range, with: like.parameters[other.range])
    }
    return fixture
  }

  /// What is trained has the same gradient to the bit whatever is frozen, and what is frozen has none.
  @Test(arguments: [
    ["direct"], ["winograd"], ["depthwise"], ["pointwise"], ["im2col"], ["pooled"], ["wide"], ["head"],
    ["direct", "winograd", "depthwise"], ["direct", "pointwise", "wide"], ["[!h]*"],
  ])
  func gradientsOfTheOthersAreTheSame(_ words: [String]) throws {
    let whole = try PlanTests.Fixture(Self.convolutions, count: 6)
    #expect(
      whole.plan.costs.compactMap(\.algorithm) == [
        "direct", "Winograd 4x4", "depthwise", "im2col", "im2col", "im2col",
      ])
    let part = try Self.fixture(whole, frozen: words)
    #expect(part.loss() == whole.loss())
    let (all, some) = (whole.gradients(), part.gradients())
    var trained = 0
    for (own, other) in zip(part.network.layout.tensors, whole.network.layout.tensors) {
      guard !own.isFrozen else {
        #expect(own.range.lowerBound >= part.network.layout.gradientCount, "\(own.name)")
        continue
      }
      trained += 1
      #expect(some[own.range].elementsEqual(all[other.range]), "\(own.name) with \(words) frozen")
      #expect(all[other.range].contains { $0 != 0 }, "\(own.name): nothing to compare")
    }
    #expect(trained > 0 && trained < whole.network.layout.tensors.count)
  }

  /// The backward pass ends at the first layer that is trained: values before it need no memory of their own, and
  /// its completion is that of the arena.
  @Test func backwardStopsAtTheFirstTrainedLayer() throws {
    let whole = try PlanTests.Fixture(Self.convolutions, count: 6)
    let part = try Self.fixture(whole, frozen: ["direct", "winograd", "depthwise"])
    #expect(
      part.plan.costs.map { $0.backwardFLOP > 0 } == [
        false, false, false, true, true, false, true, true, true,
      ], "\(part.plan.costs.map(\.name))")
    #expect(part.plan.costs[3].backwardFLOP == part.plan.costs[3].forwardFLOP)
    let (before, after) = (whole.network, part.network)
    let memory = (
      Plan.activationMemory(of: before, maximumBatch: 8).unshared,
      Plan.activationMemory(of: after, maximumBatch: 8).unshared
    )
    // The gradients of what the frozen convolutions give.
    let numbers = 12 * 12 * 32 + 2 * 6 * 6 * 32
    #expect(memory.0 - memory.1 == Double(4 * 8 * numbers), "\(memory)")
    #expect(
      Plan.memory(of: before, maximumBatch: 8, forwardOnly: true)
        == Plan.memory(of: after, maximumBatch: 8, forwardOnly: true))
    var gradients = [Float](repeating: .nan, count: after.layout.gradientCount)
    var span = gradients.mutableSpan
    part.plan.forward(parameters: part.parameters.span)
    part.plan.loss(into: &span)
    var places: [Int] = []
    for operation in (0..<part.plan.operationCount).reversed() {
      places.append(part.plan.backward(operation, parameters: part.parameters.span, gradients: &span))
    }
    #expect(places == places.sorted(by: >) && places[5] == 0 && places[4] > 0, "\(places)")
    for tensor in after.layout.tensors where tensor.isTrained {
      #expect(gradients[tensor.range].allSatisfy { $0.isFinite }, "\(tensor.name)")
    }
  }

  /// Frozen batch normalisation is a depthwise 1 x 1 convolution by its running statistics, forward and backward.
  @Test(arguments: [false, true]) func frozenBatchNormIsLinear(withReLU: Bool) throws {
    func model(_ middle: any Layer) -> ModelDescription {
      ModelDescription(
        name: "m", input: Shape(5, 5, 2),
        layers: [.init(layer: Conv2D(filters: 18, kernel: 3)), .init(name: "middle", layer: middle)]
          + (withReLU ? [.init(layer: ReLU())] : []) + [.init(layer: Dense(units: 4))])
    }
    let normalized = try PlanTests.Fixture(model(BatchNorm()), count: 6, frozen: ["middle"])
    let layout = normalized.network.layout
    func place(_ name: String, _ layout: ParameterLayout) -> Range<Int> {
      layout.tensors.first { $0.name == name }!.range
    }
    let statistics = ["middle.weight", "middle.bias", "middle.running_mean", "middle.running_var"]
    for (index, name) in statistics.enumerated() {
      let numbers = randomNumbers(18, seed: UInt64(index)).map { index == 3 ? abs($0) + 0.1 : $0 }
      normalized.parameters.replaceSubrange(place(name, layout), with: numbers)
    }
    let kept = normalized.parameters
    let values = statistics.map { Array(normalized.parameters[place($0, layout)]) }
    let factor = (0..<18).map { values[0][$0] / (values[3][$0] + 1e-5).squareRoot() }
    let linear = try PlanTests.Fixture(
      model(Conv2D(filters: 18, kernel: 1, groups: 18)), count: 6, frozen: ["middle"])
    let other = linear.network.layout
    for tensor in other.tensors where tensor.isTrained {
      linear.parameters.replaceSubrange(
        tensor.range, with: normalized.parameters[place(tensor.name, layout)])
    }
    linear.parameters.replaceSubrange(place("middle.weight", other), with: factor)
    linear.parameters.replaceSubrange(
      place("middle.bias", other), with: (0..<18).map { values[1][$0] - values[2][$0] * factor[$0] })
    let (found, expected) = (normalized.gradients(), linear.gradients())
    #expect(abs(normalized.loss() - linear.loss()) <= 1e-6 * linear.loss())
    for tensor in layout.tensors where tensor.isTrained {
      expectClose(
        Array(found[tensor.range]), expected[place(tensor.name, other)].doubles, tolerance: 1e-5, tensor.name)
    }
    #expect(layout.statistics.isEmpty && normalized.parameters == kept)
    // Without dropout, training sees what evaluation sees.
    let loss = normalized.loss()
    normalized.plan.pass.mode = .evaluation
    #expect(normalized.loss() == loss)
  }

  private static let resNet = Result { try Network(ModelDescription(named: "resnet18")) }

  private func frozen(_ words: [String], keepingHead: Bool = false) throws -> [String] {
    try Self.resNet.get().freezing(words, keepingHead: keepingHead).nodes.filter(\.isFrozen).map(\.name)
  }

  /// Names and their beginnings as modules of PyTorch, and patterns.
  @Test func wordsMeanLayers() throws {
    #expect(try frozen(["conv1"]) == ["conv1"])
    let first = try frozen(["layer1"])
    #expect(first.count == 8 && first.allSatisfy { $0.hasPrefix("layer1.") })
    #expect(
      try frozen(["layer2.0"]) == [
        "layer2.0.conv1", "layer2.0.bn1", "layer2.0.conv2", "layer2.0.bn2", "layer2.0.downsample.0",
        "layer2.0.downsample.1",
      ])
    #expect(try frozen(["layer[34].*.bn2", "bn1"]).count == 5)
    let all = try frozen(["*"], keepingHead: true)
    #expect(all.count == 40 && !all.contains("fc"))
    let network = try Self.resNet.get().freezing(["*"], keepingHead: true)
    #expect(network.layout.frozenNumbers == 11_689_512 - 513_000)
    #expect(network.layout.trainableNumbers == 11_689_512 && network.layout.statistics.isEmpty)
    #expect(network.layout.trainable.count == 512_000 + 1008 && network.head?.name == "fc")
  }

  @Test(arguments: [
    (["layer5"], "found none by \"layer5\"; there are conv1, bn1, layer1, layer2, layer3, layer4, fc"),
    (["conv1", "layer1.2"], "found none by \"layer1.2\"; there are layer1.0.conv1, layer1.0.bn1, "),
    (["relu1"], "found none by \"relu1\""), (["conv"], "found none by \"conv\""), ([""], "none by \"\""),
    (["*"], "model resnet18: expected a layer that is trained, found all 41 with weights frozen"),
  ])
  func wordsThatMeanNothingAreErrors(_ words: [String], _ expected: String) throws {
    let error = #expect(throws: ModelError.self) { try frozen(words) }
    #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
  }

  @Test func everyModelOfTheZooHasAHead() throws {
    for model in ModelZoo.models {
      let network = try Network(model)
      #expect(network.head?.output.count == network.classes, "\(model.name)")
    }
    let convolution = ModelDescription(
      name: "m", input: Shape(4, 4, 1), layers: [Dense(units: 3), Conv2D(filters: 5, kernel: 1), ReLU()])
    #expect(try Network(convolution).head == nil)
  }

  @Test func theNewHeadCannotBeFrozen() throws {
    let error = #expect(throws: ModelError.self) { try frozen(["fc"], keepingHead: true) }
    #expect(error?.description.contains("besides the head, fc, which is new, found none by \"fc\"") == true)
  }

  /// The arenas of a layout with a frozen layer: what is trained lies as if the others were not there.
  @Test func frozenTensorsLieBehindAllOthers() {
    let layout = ParameterLayout(
      [
        ("a.weight", [5], .trainable), ("bn.running_mean", [4], .statistic), ("b.weight", [33], .trainable),
        ("c.running_mean", [4], .statistic),
      ], isFrozen: { $0 < 2 })
    #expect(layout.trainable == 0..<48 && layout.statistics == 48..<64 && layout.metrics.lowerBound == 64)
    #expect(
      layout.gradientCount == layout.metrics.upperBound && layout.frozen.lowerBound == layout.gradientCount)
    #expect(layout.parameterCount == layout.gradientCount + 32)
    #expect(layout.tensors.map(\.range) == [80..<85, 96..<100, 0..<33, 48..<52])
    #expect(layout.trainableNumbers == 38 && layout.frozenNumbers == 5)
  }
}
