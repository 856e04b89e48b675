import Kernels
import Networks
import Tensors
import TestSupport
import Testing

/// The gradients of a network of all layers against differences of its loss in double precision.
@Suite struct GradientTests {
  private static let count = 6

  /// Each tensor's gradient along random directions. What it may be off by, relative to its own length, has
  /// room for single precision and for nothing else.
  @Test func gradientsAgreeWithDifferencesForAllLayers() throws {
    let fixture = try PlanTests.Fixture(PlanTests.everything, count: Self.count)
    let gradients = fixture.gradients()
    let network = NaiveEverything(fixture, count: Self.count)
    let start = fixture.parameters.doubles
    #expect(abs(network.loss(start) - fixture.loss()) <= 1e-6 * fixture.loss())
    for tensor in fixture.network.layout.tensors
    where tensor.range.upperBound <= fixture.network.layout.trainable.upperBound {
      let gradient = gradients[tensor.range].doubles
      let length = dot(gradient, gradient).squareRoot()
      // Batch normalisation takes away what a bias adds.
      guard !["conv1.bias", "fc1.bias"].contains(tensor.name) else {
        #expect(length <= 1e-7, "\(tensor.name): \(gradient)")
        continue
      }
      #expect(length > 1e-3, "\(tensor.name): no gradient to compare")
      for seed in 11..<14 as Range<UInt64> {
        let direction = randomNumbers(tensor.range.count, seed: seed).doubles
        func loss(_ step: Double) -> Double {
          var parameters = start
          for (place, d) in zip(tensor.range, direction) { parameters[place] += step * d }
          return network.loss(parameters)
        }
        let step = 1e-6
        let expected = (loss(step) - loss(-step)) / (2 * step)
        let scale = length * dot(direction, direction).squareRoot()
        let difference = abs(dot(gradient, direction) - expected) / scale
        #expect(difference <= 2e-6, "\(tensor.name): off by \(difference)")
      }
    }
  }
}

/// `PlanTests.everything` in double precision, from the layers' definitions.
private struct NaiveEverything {
  private let layout: ParameterLayout
  private let count: Int
  private let globalBatch: Int
  private let images: [Double]
  /// Of the dropout layer, (N, F): 0, or 1 / (1 - rate).
  private let mask: [Double]

  init(_ fixture: PlanTests.Fixture, count: Int) {
    layout = fixture.network.layout
    self.count = count
    globalBatch = fixture.plan.pass.globalBatch
    images = randomNumbers(count * 13 * 12 * 2, seed: 7).doubles
    let features = 3 * 2 * 18
    let ones = [Float](repeating: 1, count: count * features)
    var (mask, y) = (ones, ones)
    let pass = fixture.plan.pass
    do {
      var maskSpan = mask.mutableSpan
      var ySpan = y.mutableSpan
      dropout(
        ones.span, rate: 0.3, seed: pass.seed, layer: 8, step: pass.step,
        samples: pass.samples.span(first: count), mask: &maskSpan, into: &ySpan)
    }
    self.mask = mask.doubles
  }

  /// The mean cross-entropy over the global batch, of this part of it.
  func loss(_ parameters: [Double]) -> Double {
    func tensor(_ name: String) -> [Double] {
      Array(parameters[layout.tensors.first { $0.name == name }!.range])
    }
    func batchNorm(_ x: [Double], _ name: String) -> [Double] {
      naiveBatchNorm(
        x, gain: tensor("\(name).weight"), shift: tensor("\(name).bias"), epsilon: Double(Float(1e-5)))
    }
    func dense(_ x: [Double], _ name: String, inputs: Int, units: Int) -> [Double] {
      let y = naiveProduct(x, tensor("\(name).weight"), m: count, n: units, k: inputs)
      let bias = tensor("\(name).bias")
      return y.indices.map { y[$0] + bias[$0 % units] }
    }
    var x = naiveConv2D(
      images, tensor("conv1.weight"), tensor("conv1.bias"),
      ConvolutionGeometry(
        input: Shape(13, 12, 2), window: Window(size: Size2D(3), padding: Size2D(1)), output: Shape(13, 12, 5)
      ),
      count: count)
    x = naivePool2D(
      naiveReLU(batchNorm(x, "bn1")), input: Shape(13, 12, 5),
      window: Window(size: Size2D(3), stride: Size2D(2), padding: Size2D(1)), count: count
    ) { $0.max()! }
    x = naiveConv2D(
      x, tensor("conv2.weight"), tensor("conv2.bias"),
      ConvolutionGeometry(input: Shape(7, 6, 5), window: Window(size: Size2D(2)), output: Shape(6, 5, 18)),
      count: count)
    x = naivePool2D(
      naiveReLU(x), input: Shape(6, 5, 18), window: Window(size: Size2D(2), stride: Size2D(2)), count: count
    ) { $0.reduce(0, +) / Double($0.count) }
    x = zip(naiveReLU(x), mask).map { $0 * $1 }
    x = naiveReLU(batchNorm(dense(x, "fc1", inputs: 108, units: 9), "bn2"))
    let logits = dense(x, "fc2", inputs: 9, units: 4)
    let labels = (0..<count).map { Int32($0 % 4) }
    return naiveCrossEntropy(logits, labels, classes: 4) / Double(globalBatch)
  }
}
