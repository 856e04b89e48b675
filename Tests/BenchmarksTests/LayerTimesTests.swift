import Benchmarks
import Networks
import Testing

@Suite struct LayerTimesTests {
  @Test(arguments: [false, true])
  func everyOperationTakesTime(forwardOnly: Bool) throws {
    let network = try Network(ModelDescription(named: "lenet5"))
    let layers = LayerTimes(network, microBatch: 4, seed: 1, forwardOnly: forwardOnly)
    let times = layers.measure(repetitions: 2)
    #expect(times.forward.count == layers.costs.count && times.backward.count == layers.costs.count)
    #expect(times.forward.allSatisfy { $0 > 0 })
    #expect(times.backward.allSatisfy { forwardOnly ? $0 == 0 : $0 > 0 })
    #expect(forwardOnly ? times.loss == 0 : times.loss > 0)
    // A pass of 4 digits takes 0.1 ms; a second would be the sum of a repetition's passes.
    #expect((times.forward + times.backward).reduce(times.loss, +) < 0.05)
  }

  @Test func randomBatchesFitTheModel() throws {
    let network = try Network(ModelDescription(named: "vgg16"))
    let batches = RandomBatches(for: network, globalBatch: 24, microBatch: 32, steps: 2, seed: 1)
    #expect(batches.schedule.stepsPerEpoch == 2 && batches.schedule.microBatch == 24)
    #expect(batches.loader.count == 48)
    var images = [Float](repeating: .nan, count: 2 * network.input.count)
    var (labels, samples) = ([Int32](repeating: -1, count: 2), [UInt32](repeating: 0, count: 2))
    var imageSpan = images.mutableSpan
    var labelSpan = labels.mutableSpan
    var sampleSpan = samples.mutableSpan
    try batches.loader.load(46..<48, images: &imageSpan, labels: &labelSpan, samples: &sampleSpan)
    let mean = images.reduce(0, +) / Float(images.count)
    #expect(abs(mean) < 0.02 && labels.allSatisfy { $0 >= 0 && $0 < 1000 })
  }
}
