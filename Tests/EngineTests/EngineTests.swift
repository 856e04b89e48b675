import Data
import Engine
import Networks
import Parallel
import Tensors
import Testing

/// What a rank computes, without MPI.
@Suite struct EngineTests {
  private static func images(_ count: Int) -> LabeledImages {
    var random = RandomStream(seed: 4, purpose: .initialization)
    return LabeledImages(
      shape: Shape(28, 28, 1), classes: 10,
      images: (0..<count * 784).map { _ in UInt8(random.integer(below: 256)) },
      labels: (0..<count).map { Int32($0 % 10) })
  }

  /// An engine of a network with batch normalisation, for micro-batches of 4 samples.
  private func engine(_ shares: [Int: Range<Int>], threads: Int, keepsNodes: Bool = false) throws -> Engine {
    let network = try Network(ModelDescription(named: "mnist-bn"))
    let parameters = SharedBuffer<Float>(repeating: 0, count: network.layout.parameterCount)
    var values = parameters.mutableSpan
    network.initialize(&values, seed: 3)
    return try Engine(
      network, parameters: parameters, microBatch: 4, shares: shares, threads: threads, seed: 3,
      keepsNodes: keepsNodes, pulse: Pulse())
  }

  /// A batch of 22 samples in 6 micro-batches, the last of 2.
  private static let batch = BatchSchedule(samples: 22, globalBatch: 22, microBatch: 4).batch(after: 0)
  private static let loader: BatchLoader = {
    let images = EngineTests.images(22)
    return BatchLoader(images, Normalization(of: images))
  }()

  private func gradients(
    _ indices: Range<Int>, threads: Int, onComplete: (Int) -> Void = { _ in }
  ) throws -> (arena: [Float], metrics: StepMetrics, layout: ParameterLayout) {
    let engine = try engine([6: indices], threads: threads)
    let metrics = try engine.gradients(
      of: MicroBatches(Self.loader, Self.batch, indices: indices, step: 7), onComplete: onComplete)
    return (engine.gradients.array(), metrics, engine.network.layout)
  }

  /// The sum of all micro-batches is that of its parts, to rounding; and for any number of threads the same
  /// bits.
  @Test func gradientsAreSums() throws {
    let whole = try gradients(0..<6, threads: 1)
    let parts = try (0..<6).map { try gradients($0..<$0 + 1, threads: 1) }
    var largest: Float = 0
    for place in whole.arena.indices {
      let sum = parts.reduce(0.0) { $0 + Double($1.arena[place]) }
      #expect(abs(Double(whole.arena[place]) - sum) <= 1e-5 * max(1, abs(sum)), "place \(place)")
      largest = max(largest, abs(whole.arena[place]))
    }
    #expect(largest > 0.01)
    for threads in [2, 3, 6, 9] {
      #expect(try gradients(0..<6, threads: threads).arena == whole.arena, "\(threads) threads")
    }
  }

  /// Loss and right answers come beside the gradients; where these are reduced theirs ride along.
  @Test func metricsComeApart() throws {
    let parts = try [0..<2, 2..<6].map { try gradients($0, threads: 2) }
    var sum = StepMetrics()
    for part in parts {
      let (loss, correct) = (part.layout.place(of: .loss), part.layout.place(of: .correct))
      #expect(abs(part.metrics.loss - Double(part.arena[loss])) <= 1e-6)
      #expect(part.metrics.correct == Double(part.arena[correct]))
      sum += part.metrics
    }
    let whole = try gradients(0..<6, threads: 1).metrics
    #expect(abs(sum.loss - whole.loss) <= 1e-12 && sum.correct == whole.correct)
    // Ten classes and small weights: a loss near ln 10.
    #expect(abs(whole.loss - 2.3) < 0.3 && whole.correct < 22)
  }

  /// The arena gets complete from its end to its start, and what was said to be complete stays as it is.
  @Test(arguments: [1, 3]) func completePlacesFall(threads: Int) throws {
    let engine = try engine([6: 0..<6], threads: threads)
    var (places, snapshots): ([Int], [(place: Int, numbers: [Float])]) = ([], [])
    try engine.gradients(of: MicroBatches(Self.loader, Self.batch, indices: 0..<6, step: 0)) { place in
      if place != places.last { snapshots.append((place, Array(engine.gradients.array()[place...]))) }
      places.append(place)
    }
    #expect(places.last == 0 && zip(places, places.dropFirst()).allSatisfy { $0 >= $1 })
    #expect(Set(places).count > 3, "all at once: \(Set(places))")
    let end = engine.gradients.array()
    for (place, numbers) in snapshots { #expect(numbers == Array(end[place...]), "from \(place)") }
  }

  /// A rank without micro-batches adds zeros, also behind a batch in which it had some.
  @Test func anEmptyShareIsZero() throws {
    let engine = try engine([6: 0..<2, 1: 0..<0], threads: 2)
    try engine.gradients(of: MicroBatches(Self.loader, Self.batch, indices: 0..<2, step: 0)) { _ in }
    #expect(engine.gradients.array().contains { $0 != 0 })
    let short = BatchSchedule(samples: 22, globalBatch: 4, microBatch: 4).batch(after: 20)
    var places: [Int] = []
    let metrics = try engine.gradients(of: MicroBatches(Self.loader, short, indices: 0..<0, step: 1)) {
      places.append($0)
    }
    #expect(places.last == 0 && metrics == StepMetrics())
    #expect(engine.gradients.array().allSatisfy { $0 == 0 })
  }

  /// Micro-batches 1 to 4 of six are three nodes of the summation tree: 1, 2 and 3 together, 4.
  @Test func nodesAreKept() throws {
    let engine = try engine([6: 1..<5], threads: 2, keepsNodes: true)
    try engine.gradients(of: MicroBatches(Self.loader, Self.batch, indices: 1..<5, step: 7)) { _ in }
    let nodes = try #require(engine.gradientNodes[6]).map { $0.array() }
    let expected = try [1..<2, 2..<4, 4..<5].map { try gradients($0, threads: 1).arena }
    #expect(nodes == expected)
  }

  /// What a callback throws ends the call, but only when the other threads are done with the batch.
  @Test func failuresOfTheReductionComeThrough() throws {
    struct Failure: Error {}
    let engine = try engine([6: 0..<6], threads: 3)
    let microBatches = MicroBatches(Self.loader, Self.batch, indices: 0..<6, step: 7)
    #expect(throws: Failure.self) { try engine.gradients(of: microBatches) { _ in throw Failure() } }
    try engine.gradients(of: microBatches) { _ in }
    #expect(try engine.gradients.array() == gradients(0..<6, threads: 1).arena)
  }
}
