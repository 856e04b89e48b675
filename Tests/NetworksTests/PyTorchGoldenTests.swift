import Foundation
import Networks
import Optimizers
import Tensors
import TestSupport
import Testing

/// `mnist-cnn` against PyTorch: the losses of the first 10 steps and all gradients of the first, from the
/// same weights and batches. `Tests/Golden/mnist_cnn.py` makes the golden numbers.
@Suite struct PyTorchGoldenTests {
  static let batch = 64
  static let steps = 10

  /// The golden file, read from start to end.
  struct Golden {
    private var numbers: [Float]
    private var position = 0

    init() throws {
      let data = try Data(contentsOf: URL(fileURLWithPath: "\(packageRoot)/Tests/Golden/mnist_cnn.f32"))
      numbers = data.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    }

    mutating func next(_ count: Int) -> [Double] {
      defer { position += count }
      return numbers[position..<position + count].doubles
    }

    var isAtEnd: Bool { position == numbers.count }
  }

  /// A hash of stream and index, in [-1, 1), as in the script.
  static func uniform(_ stream: UInt32, _ count: Int) -> [Double] {
    (0..<UInt32(count)).map { index in
      var x = index &+ stream &* 0x9E37_79B9
      for (shift, factor) in [(16, 0x7FEB_352D), (15, 0x846C_A68B)] as [(UInt32, UInt32)] {
        x ^= x >> shift
        x = x &* factor
      }
      x ^= x >> 16
      return Double(x >> 8) * 0x1p-23 - 1
    }
  }

  /// Where element `index` of a tensor in PyTorch's layout lies in ours.
  ///
  /// Filters are (K, C, KH, KW) there and (KH, KW, C, K) here, dense weights (out, in) and (in, out); the
  /// input of the first dense layer is flattened as C, H, W there and H, W, C here.
  static func place(_ tensor: ParameterLayout.Tensor, _ index: Int) -> Int {
    let shape = tensor.shape
    if shape.count == 4 {
      let (kw, rest) = (index % shape[1], index / shape[1])
      let (kh, filters) = (rest % shape[0], rest / shape[0])
      let (c, k) = (filters % shape[2], filters / shape[2])
      return ((kh * shape[1] + kw) * shape[2] + c) * shape[3] + k
    }
    if shape.count == 2 {
      let (input, output) = (index % shape[0], index / shape[0])
      let image = Shape(5, 5, 64)
      guard shape[0] == image.count else { return input * shape[1] + output }
      let (position, channel) = (input % 25, input / 25)
      return (position * image.channels + channel) * shape[1] + output
    }
    return index
  }

  private func initialParameters(_ layout: ParameterLayout) -> [Float] {
    var parameters = [Float](repeating: 0, count: layout.parameterCount)
    for (number, tensor) in layout.tensors.enumerated() {
      let fanIn = tensor.shape.count > 1 ? tensor.shape.dropLast().reduce(1, *) : 100
      let scale = Double(Float((3 / Double(fanIn)).squareRoot()))
      for (index, value) in Self.uniform(UInt32(number + 1), tensor.range.count).enumerated() {
        parameters[tensor.range.lowerBound + Self.place(tensor, index)] = Float(value * scale)
      }
    }
    return parameters
  }

  private func fill(_ plan: Plan, step: Int, patterns: [Double]) {
    let noise = Self.uniform(UInt32(100 + step), Self.batch * 784)
    plan.withInputs { images, targets, _ in
      for row in targets.indices {
        let label = (row * 7 + step * 3) % 10
        targets[row] = ClassTarget(Int32(label))
        for pixel in 0..<784 {
          images[row * 784 + pixel] = Float(
            0.5 * noise[row * 784 + pixel] + 0.5 * patterns[label * 784 + pixel])
        }
      }
    }
  }

  @Test func lossesAndGradientsAgree() throws {
    let network = try Network(ModelDescription(named: "mnist-cnn"))
    let layout = network.layout
    let plan = Plan(network, maximumBatch: Self.batch, seed: 0)
    let optimizer = SGD(count: layout.trainable.count, momentum: 0.9)
    var parameters = initialParameters(layout)
    var gradients = [Float](repeating: .nan, count: layout.gradientCount)
    for index in layout.trainable { gradients[index] = 0 }
    var losses: [Float] = []
    var firstGradients: [Float] = []
    let patterns = Self.uniform(50, 10 * 784)
    plan.pass.count = Self.batch
    plan.pass.globalBatch = Self.batch
    for step in 0..<Self.steps {
      fill(plan, step: step, patterns: patterns)
      var gradientSpan = gradients.mutableSpan
      plan.forward(parameters: parameters.span)
      plan.loss(into: &gradientSpan)
      for operation in (0..<plan.operationCount).reversed() {
        _ = plan.backward(operation, parameters: parameters.span, gradients: &gradientSpan)
      }
      losses.append(gradients[layout.place(of: .loss)])
      if step == 0 { firstGradients = gradients }
      var parameterSpan = parameters.mutableSpan
      var trainable = parameterSpan[slice: layout.trainable]
      optimizer.step(
        parameters: &trainable, gradients: gradients.span.extracting(layout.trainable), learningRate: 0.02,
        step: step)
    }
    var golden = try Golden()
    expectRelative(losses, golden.next(Self.steps), tolerance: 1e-4, "losses")
    for tensor in layout.tensors {
      let own = (0..<tensor.range.count).map {
        firstGradients[tensor.range.lowerBound + Self.place(tensor, $0)]
      }
      if tensor.name == "fc1.weight" {
        let (v, u) = (Self.uniform(200, 1600), Self.uniform(201, 128))
        let gv = naiveProduct(own.doubles, v, m: 128, n: 1, k: 1600)
        let ug = naiveProduct(u, own.doubles, m: 1, n: 1600, k: 128)
        expectRelative(gv.map(Float.init), golden.next(128), tolerance: 1e-4, "fc1.weight v")
        expectRelative(ug.map(Float.init), golden.next(1600), tolerance: 1e-4, "u fc1.weight")
      } else {
        expectRelative(own, golden.next(own.count), tolerance: 1e-4, tensor.name)
      }
    }
    #expect(golden.isAtEnd)
  }
}
