import Kernels
import Tensors
import TestSupport
import Testing

@Suite struct BiasTests {
  @Test(arguments: [1, 10, 16, 33], Activation.allCases)
  func agreesWithDefinition(width: Int, activation: Activation) {
    let x = randomNumbers(7 * width, seed: 1).map { 12 * $0 }
    let bias = randomNumbers(width, seed: 2)
    let upstream = randomNumbers(x.count, seed: 3)
    var y = x
    var dY = upstream
    var dBias = [Float](repeating: 2, count: width)
    do {
      var ySpan = y.mutableSpan
      addBias(bias.span, activation: activation, to: &ySpan, width: width)
      var dYSpan = dY.mutableSpan
      var dBiasSpan = dBias.mutableSpan
      addBiasBackward(y: ySpan.span, activation: activation, dY: &dYSpan, dBias: &dBiasSpan, width: width)
    }
    let sum = x.indices.map { x[$0] + bias[$0 % width] }
    let passed = sum.indices.map {
      sum[$0] <= activation.floor || sum[$0] >= activation.ceiling ? 0 : upstream[$0]
    }
    #expect(y.doubles == naive(activation, sum.doubles))
    #expect(dY == passed)
    let sums = (0..<width).map { c in 2 + (0..<7).reduce(0.0) { $0 + Double(passed[$1 * width + c]) } }
    expectClose(dBias, sums, tolerance: 1e-6, "dBias")
  }

  @Test(arguments: Activation.allCases)
  func nanStays(activation: Activation) {
    var y = [Float](repeating: .nan, count: 17)
    var span = y.mutableSpan
    addBias([Float](repeating: 1, count: 17).span, activation: activation, to: &span, width: 17)
    #expect(y.allSatisfy { $0.isNaN })
  }
}

@Suite struct DropoutTests {
  private func run(samples: [UInt32], rate: Float, features: Int = 1000, step: Int = 3, layer: Int = 1)
    -> [Float]
  {
    let x = [Float](repeating: 1, count: samples.count * features)
    var (mask, y) = ([Float](repeating: .nan, count: x.count), [Float](repeating: .nan, count: x.count))
    var maskSpan = mask.mutableSpan
    var ySpan = y.mutableSpan
    dropout(
      x.span, rate: rate, seed: 7, layer: layer, step: step, samples: samples.span, mask: &maskSpan,
      into: &ySpan)
    #expect(mask == y)
    return y
  }

  @Test func keepsTheMean() {
    for rate in [0.1, 0.25, 0.5, 0.9] as [Float] {
      let y = run(samples: Array(0..<50), rate: rate)
      let kept = Float(y.count { $0 != 0 }) / Float(y.count)
      #expect(abs(kept - (1 - rate)) < 0.01)
      #expect(y.allSatisfy { $0 == 0 || $0 == 1 / (1 - rate) })
    }
  }

  @Test func dependsOnSampleStepAndLayerOnly() {
    let both = run(samples: [4, 9], rate: 0.5)
    #expect(Array(both[1000...]) == run(samples: [9], rate: 0.5))
    #expect(run(samples: [9], rate: 0.5) != run(samples: [9], rate: 0.5, step: 4))
    #expect(run(samples: [9], rate: 0.5) != run(samples: [9], rate: 0.5, layer: 2))
  }

  /// The fast way through whole vectors of words, and the rest, are the definition.
  @Test(arguments: [1, 31, 32, 33, 64, 100])
  func dropsWhereARandomWordIsBelowTheRate(features: Int) {
    for rate in [0.1, 0.5, 0.9] as [Float] {
      let y = run(samples: [4, 70_000], rate: rate, features: features)
      let expected = [4, 70_000].flatMap { sample in
        var random = RandomStream(seed: 7, purpose: .dropout(layer: 1), time: 3, index: sample)
        return (0..<features).map { _ in
          Double(random.next() as UInt32) < Double(rate) * 0x1p32 ? 0 : 1 / (1 - rate)
        }
      }
      #expect(y == expected, "rate \(rate)")
    }
  }

  @Test func rateZeroKeepsAll() {
    #expect(run(samples: [1], rate: 0) == [Float](repeating: 1, count: 1000))
  }

  @Test func gradientPassesThroughTheMask() {
    let (dY, mask) = (randomNumbers(37, seed: 1), randomNumbers(37, seed: 2))
    var dX = [Float](repeating: .nan, count: 37)
    var span = dX.mutableSpan
    dropoutBackward(dY: dY.span, mask: mask.span, into: &span)
    #expect(dX == zip(dY, mask).map { $0 * $1 })
  }
}
