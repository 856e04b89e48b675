import Kernels
import Networks
import Tensors
import TestSupport
import Testing

@Suite struct PlanTests {
  /// A network of all layers, with windows that do not come out even.
  static let everything = ModelDescription(
    name: "everything", input: Shape(13, 12, 2),
    layers: [
      Conv2D(filters: 5, kernel: 3, padding: 1), BatchNorm(), ReLU(),
      MaxPool2D(size: 3, stride: 2, padding: 1),
      Conv2D(filters: 18, kernel: 2), ReLU(), AveragePool2D(size: 2), ReLU(), Dropout(rate: 0.3),
      Dense(units: 9), BatchNorm(), ReLU(), Dense(units: 4),
    ])

  final class Fixture {
    let network: Network
    let plan: Plan
    var parameters: [Float]

    init(
      _ model: ModelDescription, count: Int, labelSmoothing: Float = 0, frozen: [String] = []
    ) throws {
      network = try Network(model).freezing(frozen)
      plan = Plan(network, maximumBatch: count + 2, seed: 3, labelSmoothing: labelSmoothing)
      var initial = [Float](repeating: 0, count: network.layout.parameterCount)
      var span = initial.mutableSpan
      network.initialize(&span, seed: 1)
      for index in network.layout.trainable { span[index] += 0.05 * randomNumbers(1, seed: UInt64(index))[0] }
      parameters = initial
      plan.pass.count = count
      plan.pass.globalBatch = 3 * count
      plan.withInputs { images, targets, samples in
        images.copy(from: randomNumbers(images.count, seed: 7).span)
        for row in targets.indices {
          targets[row] = ClassTarget(Int32(row % network.classes))
          samples[row] = UInt32(row)
        }
      }
    }

    func loss() -> Double {
      plan.forward(parameters: parameters.span)
      return plan.evaluateLoss().loss / Double(plan.pass.globalBatch)
    }

    func gradients() -> [Float] {
      var gradients = [Float](repeating: 0, count: network.layout.gradientCount)
      var span = gradients.mutableSpan
      plan.forward(parameters: parameters.span)
      plan.loss(into: &span)
      for operation in (0..<plan.operationCount).reversed() {
        _ = plan.backward(operation, parameters: parameters.span, gradients: &span)
      }
      return gradients
    }
  }

  @Test func metricsAndStatisticsAreSharesOfTheGlobalBatch() throws {
    let fixture = try Fixture(Self.everything, count: 6)
    let layout = fixture.network.layout
    let gradients = fixture.gradients()
    let (loss, correct) = fixture.plan.evaluateLoss()
    #expect(abs(Double(gradients[layout.place(of: .loss)]) - loss / 18) < 1e-6)
    #expect(gradients[layout.place(of: .correct)] == Float(correct))
    // The second batch norm sees 6 rows; its statistics come from the dense layer's outputs.
    let variance = layout.tensors.first { $0.name == "bn2.running_var" }!.range
    #expect(gradients[variance].allSatisfy { $0 > 0 })
    let mean = layout.tensors.first { $0.name == "bn1.running_mean" }!.range
    let geometry = ConvolutionGeometry(
      input: Shape(13, 12, 2), window: Window(size: Size2D(3), padding: Size2D(1)), output: Shape(13, 12, 5))
    let images = randomNumbers(6 * 13 * 12 * 2, seed: 7).doubles
    let y = naiveConv2D(
      images, Array(fixture.parameters[layout.tensors[0].range]).doubles,
      Array(fixture.parameters[layout.tensors[1].range]).doubles, geometry, count: 6)
    let means = (0..<5).map { c in
      stride(from: c, to: y.count, by: 5).reduce(0) { $0 + y[$1] } / Double(y.count / 5)
    }
    expectClose(Array(gradients[mean]), means.map { $0 / 3 }, tolerance: 1e-5, "bn1.running_mean")
  }

  /// Convolutions compute only what the pooling behind them reads; the logits must not know.
  @Test func trimmedNetworkAgreesWithDefinition() throws {
    let model = ModelDescription(
      name: "odd", input: Shape(12, 11, 3),
      layers: [
        Conv2D(filters: 4, kernel: 4), ReLU(), MaxPool2D(size: 2), Conv2D(filters: 6, kernel: 2, stride: 2),
        ReLU(),
        Dense(units: 3),
      ])
    let fixture = try Fixture(model, count: 2)
    let tensors = fixture.network.layout.tensors.map { Array(fixture.parameters[$0.range]).doubles }
    _ = fixture.loss()
    let x = randomNumbers(2 * 12 * 11 * 3, seed: 7).doubles
    let first = naiveReLU(
      naiveConv2D(
        x, tensors[0], tensors[1],
        ConvolutionGeometry(
          input: Shape(12, 11, 3), window: Window(size: Size2D(4)), output: Shape(9, 8, 4)), count: 2))
    let pooled = naivePool2D(
      first, input: Shape(9, 8, 4), window: Window(size: Size2D(2), stride: Size2D(2)), count: 2
    ) { $0.max()! }
    let second = naiveReLU(
      naiveConv2D(
        pooled, tensors[2], tensors[3],
        ConvolutionGeometry(
          input: Shape(4, 4, 4), window: Window(size: Size2D(2), stride: Size2D(2)), output: Shape(2, 2, 6)),
        count: 2))
    var logits = naiveProduct(second, tensors[4], m: 2, n: 3, k: 24)
    for index in logits.indices { logits[index] += tensors[5][index % 3] }
    fixture.plan.withLogits { actual in
      expectClose(actual.indices.map { actual[$0] }, logits, tolerance: 1e-5, "logits")
    }
  }

  @Test func evaluationIsWithoutDropoutAndWithRunningStatistics() throws {
    let fixture = try Fixture(Self.everything, count: 6)
    fixture.plan.pass.mode = .evaluation
    let loss = fixture.loss()
    fixture.plan.pass.step = 9
    #expect(fixture.loss() == loss)
    let range = fixture.network.layout.tensors.first { $0.name == "bn1.running_var" }!.range
    for index in range { fixture.parameters[index] = 4 }
    #expect(fixture.loss() != loss)
    fixture.plan.pass.mode = .training
    let training = fixture.loss()
    fixture.plan.pass.step = 10
    #expect(fixture.loss() != training)
  }

  /// Labels are smoothed where gradients start from, and in the loss that is reported with them, only.
  @Test func labelsAreSmoothInTrainingOnly() throws {
    let sharp = try Fixture(Self.everything, count: 6)
    let smooth = try Fixture(Self.everything, count: 6, labelSmoothing: 0.2)
    let place = sharp.network.layout.place(of: .loss)
    let (gradients, smoothed) = (sharp.gradients(), smooth.gradients())
    #expect(smooth.loss() == sharp.loss())
    let expected = smooth.plan.withLogits { logits in
      (0..<6).reduce(0.0) { sum, row in
        let values = (0..<4).map { Double(logits[4 * row + $0]) }
        return sum + 0.2 * (values[row % 4] - values.reduce(0, +) / 4) / 18
      }
    }
    #expect(abs(Double(smoothed[place]) - Double(gradients[place]) - expected) < 1e-6)
    // The logits' gradients reach the last bias unchanged: sums of softmax - target over the samples.
    let bias = sharp.network.layout.tensors.last!.range
    let counts = (0..<4).map { k in (0..<6).count { $0 % 4 == k } }
    let differences = zip(smoothed[bias], gradients[bias]).map { $0 - $1 }
    expectClose(
      differences, counts.map { 0.2 * (Double($0) - 6 / 4) / 18 }, tolerance: 1e-6, "bias gradients")
  }

  @Test func nanReachesTheLoss() throws {
    let fixture = try Fixture(ModelDescription(named: "mnist-cnn"), count: 2)
    fixture.parameters[fixture.network.layout.tensors[0].range.lowerBound] = .nan
    #expect(fixture.gradients()[fixture.network.layout.place(of: .loss)].isNaN)
  }

  /// Backward reports, from the last operation to the first, from where on the arena is complete.
  @Test func completionGoesFromTheEndToTheStart() throws {
    let fixture = try Fixture(Self.everything, count: 3)
    let layout = fixture.network.layout
    var gradients = [Float](repeating: .nan, count: layout.gradientCount)
    var span = gradients.mutableSpan
    fixture.plan.forward(parameters: fixture.parameters.span)
    fixture.plan.loss(into: &span)
    var previous = layout.trainable.upperBound
    for operation in (0..<fixture.plan.operationCount).reversed() {
      let complete = fixture.plan.backward(operation, parameters: fixture.parameters.span, gradients: &span)
      #expect(complete <= previous)
      for tensor in layout.tensors where tensor.range.lowerBound >= complete {
        #expect(tensor.range.allSatisfy { !span[$0].isNaN }, "\(tensor.name) after operation \(operation)")
      }
      previous = complete
    }
    #expect(previous == 0)
  }
}
