import Networks
import Tensors
import TestSupport
import Testing

/// Floating-point operations against closed forms: a convolution takes OH OW K KH KW C multiply-adds for an
/// image, a dense layer inputs x units.
@Suite struct OperationCostTests {
  private func costs(_ model: ModelDescription) throws -> [OperationCost] {
    Plan(try Network(model), maximumBatch: 1, seed: 1, forwardOnly: true).costs
  }

  private func multiplyAdds(_ model: String) throws -> Int {
    try costs(ModelDescription(named: model)).reduce(0) { $0 + $1.multiplyAdds }
  }

  /// The second convolution computes 10x10 of its 11x11 outputs: the pooling reads no more.
  @Test func multiplyAddsAreThoseOfTheDirectAlgorithm() throws {
    #expect(
      try multiplyAdds("mnist-cnn") == 24 * 24 * 32 * 9 + 10 * 10 * 64 * 9 * 32 + 1600 * 128 + 128 * 10)
    #expect(
      try multiplyAdds("lenet5") == 28 * 28 * 6 * 25 + 10 * 10 * 16 * 25 * 6 + 400 * 120 + 120 * 84 + 84 * 10)
    #expect(
      try multiplyAdds("cifar-vgg")
        == 1024 * 9 * (3 * 64 + 64 * 64) + 256 * 9 * (64 * 128 + 128 * 128)
        + 64 * 9 * (128 * 256 + 256 * 256) + 4096 * 10)
  }

  /// The number that is known for VGG-16: 15.5 GMAC.
  @Test func vgg16TakesWhatThePaperNeeds() throws {
    #expect(try multiplyAdds("vgg16") == 15_470_264_320)
  }

  /// 12x11 -> conv 4x4 trimmed to 8x8 -> pool 4x4 -> conv 2x2 stride 2 -> 2x2 -> dense.
  @Test func stridesAndTrimmedOutputsCount() throws {
    let model = ModelDescription(
      name: "odd", input: Shape(12, 11, 3),
      layers: [
        Conv2D(filters: 4, kernel: 4), ReLU(), MaxPool2D(size: 2), Conv2D(filters: 6, kernel: 2, stride: 2),
        BatchNorm(), ReLU(), Dense(units: 3), Dense(units: 3),
      ])
    let costs = try costs(model)
    #expect(costs.map(\.multiplyAdds).filter { $0 > 0 } == [8 * 8 * 4 * 48, 2 * 2 * 6 * 16, 24 * 3, 9])
  }

  @Test func costsCoverTheModel() throws {
    for model in [PlanTests.everything, try ModelDescription(named: "mnist-bn")] {
      let network = try Network(model)
      let costs = try costs(model)
      #expect(
        costs.map(\.name).joined(separator: " + ")
          == network.nodes.map(\.name).joined(separator: " + "))
      #expect(costs.map(\.givesInputGradient) == costs.indices.map { $0 > 0 })
      #expect(
        costs.reduce(0) { $0 + $1.parameters }
          == network.layout.tensors.reduce(0) { $0 + $1.range.count })
      #expect(costs[0].input == network.input && costs.last?.output == network.nodes.last?.output)
      for (cost, next) in zip(costs, costs.dropFirst()) { #expect(cost.output == next.input) }
    }
  }

  /// The gradients of weight and input take a forward pass's work each; nobody needs that of the images.
  @Test func backwardIsTwiceForward() throws {
    let costs = try costs(ModelDescription(named: "mnist-small"))
    let (first, last) = (costs[0], costs[costs.count - 1])
    #expect(first.forwardFLOP == 2 * 26 * 26 * 32 * 9 && first.backwardFLOP == first.forwardFLOP)
    #expect(last.forwardFLOP == 2 * 1280 && last.backwardFLOP == 2 * last.forwardFLOP)
  }

  /// Dense 128 -> 10, two samples: x, y and weights; and backward x, y, dx, dy, weights and their gradients.
  @Test func bytesAreThoseOfEachTensorOnce() throws {
    let costs = try costs(ModelDescription(named: "mnist-small"))
    let last = costs[costs.count - 1]
    #expect(last.forwardBytes(2) == 4 * (2 * 138 + 1290))
    #expect(last.backwardBytes(2) == 4 * (2 * 2 * 138 + 2 * 1290))
    let (x, y) = (costs[0].input.count, costs[0].output.count)
    #expect(costs[0].backwardBytes(1) == 4 * (x + 2 * y + 2 * 320))
  }

  /// Inference gives the logits of a plan that can train.
  @Test func forwardOnlyPlansGiveTheSameLogits() throws {
    let fixture = try PlanTests.Fixture(PlanTests.everything, count: 6)
    let plan = Plan(fixture.network, maximumBatch: 8, seed: 3, forwardOnly: true)
    plan.pass = fixture.plan.pass
    plan.pass.mode = .evaluation
    fixture.plan.pass.mode = .evaluation
    plan.withInputs { images, targets, samples in
      images.copy(from: randomNumbers(images.count, seed: 7).span)
      for row in targets.indices { (targets[row], samples[row]) = (ClassTarget(Int32(row % 4)), UInt32(row)) }
    }
    plan.forward(parameters: fixture.parameters.span)
    let loss = fixture.loss() * Double(fixture.plan.pass.globalBatch)
    #expect(plan.evaluateLoss().loss == loss && loss > 0)
  }
}
