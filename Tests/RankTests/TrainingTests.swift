import Data
import Engine
import MPI
import Models
import Networks
import Optimizers
import Parallel
import Runs
import Tensors
import Testing

/// Training on all ranks together against training on one rank alone, from the same weights and batches.
@MainActor @Suite(.serialized, .watchdog) struct TrainingTests {
  private var world: World { Ranks.world }

  /// Random images whose classes can be learnt: each has a pattern of its class.
  static func images(_ count: Int) -> LabeledImages {
    let patterns = (0..<10).map { RandomStream(seed: 9, purpose: .initialization, index: $0) }
    var pixels: [UInt8] = []
    var labels: [UInt8] = []
    for sample in 0..<count {
      var noise = RandomStream(seed: 8, purpose: .initialization, index: sample)
      let label = noise.integer(below: 10)
      var pattern = patterns[label]
      labels.append(UInt8(label))
      pixels += (0..<784).map { _ in UInt8(100 * pattern.uniform() + 155 * noise.uniform()) }
    }
    return LabeledImages(shape: Shape(28, 28, 1), classes: 10, images: pixels, labels: labels)
  }

  private func makeTrainer(
    _ model: String, in world: World, _ images: LabeledImages, globalBatch: Int, microBatch: Int,
    threads: Int, momentum: Float = 0.9, regularization: Regularization = Regularization(),
    reduction: Reduction = Reduction()
  ) throws -> Synchronous {
    var reduction = reduction
    reduction.bucketBytes = 100_000
    let network = try Network(ModelDescription(named: model))
    let schedule = BatchSchedule(samples: images.count, globalBatch: globalBatch, microBatch: microBatch)
    return try Synchronous(
      network, world, schedule: schedule, threads: threads, seed: 3,
      optimizer: SGD(count: network.layout.trainable.count, momentum: momentum), reduction: reduction,
      regularization: regularization)
  }

  /// Runs steps, from epoch to epoch.
  private func run(
    _ trainer: Synchronous, _ images: LabeledImages, steps: Int, learningRate: Double = 0.01,
    augmentation: AugmentationKind = .none
  ) throws -> (losses: [Double], correct: [Double]) {
    let augmentation = try Augmentation(augmentation, shape: images.shape, seed: 3)
    let normalization = Normalization(of: images)
    var (losses, correct): ([Double], [Double]) = ([], [])
    var position = TrainingPosition()
    while losses.count < steps {
      let order = epochOrder(count: images.count, seed: 3, epoch: position.epoch)
      let loader = BatchLoader(
        images, normalization, order: order, augmentation: augmentation, epoch: position.epoch)
      let result = try trainer.step(loader, at: position, learningRate: learningRate)
      losses.append(result.loss)
      correct.append(result.correct)
      position.advance(over: trainer.schedule.batch(after: position.samples))
      if position.samples == images.count { position.endEpoch() }
    }
    return (losses, correct)
  }

  private func train(
    _ model: String, in world: World, _ images: LabeledImages, globalBatch: Int, microBatch: Int,
    threads: Int, steps: Int, momentum: Float = 0.9, learningRate: Double = 0.01,
    regularization: Regularization = Regularization(), augmentation: AugmentationKind = .none,
    reduction: Reduction = Reduction()
  ) throws -> (losses: [Double], correct: [Double], trainer: Synchronous) {
    let trainer = try makeTrainer(
      model, in: world, images, globalBatch: globalBatch, microBatch: microBatch, threads: threads,
      momentum: momentum, regularization: regularization, reduction: reduction)
    let (losses, correct) = try run(
      trainer, images, steps: steps, learningRate: learningRate, augmentation: augmentation)
    return (losses, correct, trainer)
  }

  /// 20 steps over an epoch's end, with its short batch: 300 = 7 x 40 + 20 samples.
  @Test(arguments: [
    ("mnist-cnn", 8, 1), ("mnist-cnn", 7, 2), ("mnist-cnn", 40, 1), ("mnist-bn", 10, 1), ("mnist-bn", 10, 3),
  ])
  func lossesAreThoseOfOneRank(_ model: String, microBatch: Int, threads: Int) throws {
    let images = Self.images(300)
    func run(_ world: World, threads: Int) throws -> (
      losses: [Double], correct: [Double], trainer: Synchronous
    ) {
      // Batch normalisation over 10 samples amplifies differences of rounding from step to step, the more so the
      // longer the steps are.
      try train(
        model, in: world, images, globalBatch: 40, microBatch: microBatch, threads: threads, steps: 20,
        learningRate: model == "mnist-bn" ? 0.001 : 0.01)
    }
    let alone = try run(World(MPIRuntime.alone()), threads: 1)
    let together = try run(world, threads: threads)
    let differences = zip(alone.losses, together.losses).map { abs($0 - $1) / $0 }
    try Ranks.expectEverywhere(
      differences.count == 20 && differences.allSatisfy { $0 <= 1e-5 },
      "relative differences \(differences) of losses \(alone.losses)")
    let (norm, normTogether) = (alone.trainer.gradientNorm(), together.trainer.gradientNorm())
    try Ranks.expectEverywhere(
      norm > 0 && abs(norm - normTogether) <= 0.01 * norm, "gradient norms \(norm), \(normTogether)")
    if model == "mnist-cnn" {
      try Ranks.expectEverywhere(alone.losses[19] < alone.losses[0] * 0.9, "nothing learnt: \(alone.losses)")
    }
    try Ranks.expectEverywhere(
      zip(alone.correct, together.correct).allSatisfy { abs($0 - $1) <= 1 },
      "right answers \(alone.correct), \(together.correct)")
    let hashes = try world.communicator.allGather(together.trainer.weightsHash)
    try Ranks.expectEverywhere(Set(hashes).count == 1, "the ranks' weights differ: \(hashes)")
  }

  /// Three samples a step: with 4 ranks one has nothing to do, and with 2 threads most have not.
  @Test func moreWorkersThanSamplesWork() throws {
    let images = Self.images(3)
    let alone = try train(
      "mnist-small", in: World(MPIRuntime.alone()), images, globalBatch: 64, microBatch: 1, threads: 1,
      steps: 3)
    let together = try train(
      "mnist-small", in: world, images, globalBatch: 64, microBatch: 1, threads: 2, steps: 3)
    let differences = zip(alone.losses, together.losses).map { abs($0 - $1) / $0 }
    try Ranks.expectEverywhere(differences.allSatisfy { $0 <= 1e-5 }, "\(alone.losses), \(together.losses)")
  }

  /// Two runs alike give the same bits, on any number of threads: the tree decides the order, not the clock.
  @Test func runsAreRepeatable() throws {
    let images = Self.images(200)
    let hashes = try [1, 2, 3].map { threads in
      try train("mnist-bn", in: world, images, globalBatch: 64, microBatch: 4, threads: threads, steps: 5)
        .trainer.weightsHash
    }
    try Ranks.expectEverywhere(Set(hashes).count == 1, "\(hashes)")
  }

  /// The tree over ranks: as one rank alone, to the bit, over short batches too; also where a rank has
  /// several nodes of the tree, or nothing to do.
  @Test(arguments: [(64, 4), (64, 5), (24, 8), (40, 40)])
  func reproducibleRunsHaveTheBitsOfOneRank(_ globalBatch: Int, microBatch: Int) throws {
    let images = Self.images(200)
    func run(_ world: World, threads: Int) throws -> (losses: [Double], hash: String) {
      let result = try train(
        "mnist-bn", in: world, images, globalBatch: globalBatch, microBatch: microBatch, threads: threads,
        steps: 12, regularization: Regularization(labelSmoothing: 0.1, clipNorm: 0.5, averageDecay: 0.9),
        augmentation: .digits, reduction: .inFixedOrder)
      return (result.losses, result.trainer.weightsHash)
    }
    let alone = try run(World(MPIRuntime.alone()), threads: 1)
    for threads in 1...2 {
      let together = try run(world, threads: threads)
      try Ranks.expectEverywhere(
        together.hash == alone.hash && together.losses == alone.losses,
        "\(threads) threads: \(together), \(alone)")
    }
  }

  /// One bit of one rank is found, with rank and tensor.
  @Test(.severalRanks) func theGuardNamesRankAndTensor() throws {
    let images = Self.images(40)
    let (_, _, trainer) = try train(
      "mnist-bn", in: world, images, globalBatch: 20, microBatch: 5, threads: 1, steps: 2)
    try trainer.checkReplicas(afterStep: 2)
    let guilty = world.size - 1
    for tensor in trainer.layout.tensors {
      let memory = trainer.engine.parameters.unsafeMemory
      let place = tensor.range.upperBound - 1
      let value = memory[place]
      if world.rank == guilty { memory[place] = Float(bitPattern: value.bitPattern ^ 1) }
      var message = "nothing"
      do { try trainer.checkReplicas(afterStep: 7) } catch { message = "\(error)" }
      memory[place] = value
      let expected = "after step 7: tensor \(tensor.name) of rank \(guilty) (\(world.hosts[guilty]))"
      try Ranks.expectEverywhere(message.contains(expected), message)
    }
    try trainer.checkReplicas(afterStep: 8)
  }

  /// Label smoothing, clipping, averaged weights and augmentation do not depend on who computes what either.
  @Test(arguments: [1, 2])
  func regularizedLossesAreThoseOfOneRank(threads: Int) throws {
    let images = Self.images(300)
    func run(_ world: World, threads: Int) throws -> (losses: [Double], trainer: Synchronous) {
      let result = try train(
        "mnist-cnn", in: world, images, globalBatch: 40, microBatch: 8, threads: threads, steps: 12,
        regularization: Regularization(labelSmoothing: 0.1, clipNorm: 0.5, averageDecay: 0.9),
        augmentation: .digits)
      return (result.losses, result.trainer)
    }
    let alone = try run(World(MPIRuntime.alone()), threads: 1)
    let together = try run(world, threads: threads)
    let differences = zip(alone.losses, together.losses).map { abs($0 - $1) / $0 }
    try Ranks.expectEverywhere(
      differences.count == 12 && differences.allSatisfy { $0 <= 1e-5 },
      "relative differences \(differences) of losses \(alone.losses)")
    let hashes = try world.communicator.allGather(together.trainer.weightsHash)
    try Ranks.expectEverywhere(Set(hashes).count == 1, "the ranks' weights differ: \(hashes)")
    let loader = BatchLoader(images, Normalization(of: images))
    let (expected, actual) = (try alone.trainer.evaluate(loader), try together.trainer.evaluate(loader))
    try Ranks.expectEverywhere(
      abs(expected.loss - actual.loss) <= 1e-5 * expected.loss, "\(expected), \(actual)")
  }

  /// A step of plain SGD is learning rate times gradient: with clipping it is as long as it may be.
  @Test func clippingLimitsTheLengthOfAStep() throws {
    let images = Self.images(64)
    func weights(_ steps: Int, _ clipNorm: Double?) throws -> [Double] {
      let trainer = try train(
        "mnist-small", in: world, images, globalBatch: 64, microBatch: 16, threads: 1, steps: steps,
        momentum: 0, learningRate: 0.5, regularization: Regularization(clipNorm: clipNorm)
      ).trainer
      return trainer.consistentParameters().unsafeMemory.map { Double($0) }
    }
    func length(_ a: [Double], _ b: [Double]) -> Double {
      zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    }
    let start = try weights(0, nil)
    let (free, clipped) = (length(try weights(1, nil), start), length(try weights(1, 0.01), start))
    try Ranks.expectEverywhere(
      free > 0.01 && abs(clipped - 0.5 * 0.01) <= 1e-5, "steps of length \(free), clipped \(clipped)")
    let loose = length(try weights(1, 1000), start)
    try Ranks.expectEverywhere(loose == free, "\(loose), \(free)")
  }

  /// What is evaluated is the moving average: after one step with d = 2 / 11.
  @Test func averagedWeightsAreEvaluated() throws {
    let images = Self.images(64)
    func run(_ steps: Int, _ decay: Double?) throws -> Synchronous {
      try train(
        "mnist-bn", in: world, images, globalBatch: 64, microBatch: 16, threads: 2, steps: steps,
        regularization: Regularization(averageDecay: decay)
      ).trainer
    }
    let (start, after, averaged) = (try run(0, nil), try run(1, nil), try run(1, 0.999))
    let differences = (0..<start.consistentParameters().span.count).map { place in
      let (a, b) = (start.consistentParameters().span[place], after.consistentParameters().span[place])
      return abs(a + (b - a) * 9 / 11 - averaged.consistentParameters().span[place])
    }
    try Ranks.expectEverywhere(
      differences.allSatisfy { $0 <= 1e-6 }, "differences up to \(differences.max()!)")
    let loader = BatchLoader(images, Normalization(of: images))
    let losses = try [start, after, averaged].map { try $0.evaluate(loader).loss }
    try Ranks.expectEverywhere(Set(losses).count == 3, "\(losses)")
    try Ranks.expectEverywhere(
      Set([start, after, averaged].map(\.weightsHash)).count == 3, "weights of the parameters were hashed")
  }

  /// The parts of a step follow one another on the leading thread, so that they add up to its time.
  @Test(arguments: [1, 2])
  func partsAddUpToTheTimeOfTheSteps(threads: Int) throws {
    let images = Self.images(64)
    let trainer = try makeTrainer(
      "mnist-cnn", in: world, images, globalBatch: 32, microBatch: 4, threads: threads)
    let start = ContinuousClock.now
    let loader = BatchLoader(images, Normalization(of: images))
    let before = trainer.times
    var position = TrainingPosition()
    for _ in 0..<10 {
      _ = try trainer.step(loader, at: position, learningRate: 0.01)
      position.advance(over: trainer.schedule.batch(after: position.samples))
      if position.samples == images.count { position.endEpoch() }
    }
    let (elapsed, times) = ((ContinuousClock.now - start).seconds, trainer.times - before)
    try Ranks.expectEverywhere(
      before.total == 0 && times.total <= elapsed && times.total > 0.9 * elapsed,
      "\(times) in \(elapsed) s")
    try Ranks.expectEverywhere(
      StepPart.allCases.allSatisfy { times[$0] > 0 } && times[.backward] > times[.data], "\(times)")
  }

  /// Inference alone, from the same starting parameters, without a trainer's memory.
  @Test func evaluatorsDoAsTrainers() throws {
    let images = Self.images(50)
    let loader = BatchLoader(images, Normalization(of: images))
    let trainer = try makeTrainer(
      "mnist-bn", in: world, images, globalBatch: 32, microBatch: 8, threads: 2)
    let network = try Network(ModelDescription(named: "mnist-bn"))
    let evaluator = try Evaluator(network, world, microBatch: 8, threads: 2, seed: 3)
    let (expected, actual) = (try trainer.evaluate(loader), try evaluator.evaluate(loader))
    try Ranks.expectEverywhere(
      actual.loss == expected.loss && actual.correct == expected.correct && actual.count == 50,
      "\(actual), \(expected)")
    let times = evaluator.times
    try Ranks.expectEverywhere(
      times[.forward] > 0 && times[.data] > 0 && times[.backward] == 0 && times[.update] == 0, "\(times)")
  }

  @Test(arguments: [1, 2, 7, 301])
  func evaluationCountsEverySampleOnce(count: Int) throws {
    let images = Self.images(count)
    let loader = BatchLoader(images, Normalization(of: images))
    func evaluate(_ world: World, threads: Int) throws -> EvaluationResult {
      try makeTrainer(
        "mnist-small", in: world, images, globalBatch: 32, microBatch: 16, threads: threads
      ).evaluate(loader)
    }
    let alone = try evaluate(World(MPIRuntime.alone()), threads: 1)
    let together = try evaluate(world, threads: 2)
    try Ranks.expectEverywhere(
      together.count == count && together.correct == alone.correct && together.loss == alone.loss
        && together.predictions == alone.predictions, "\(together), \(alone)")
  }

  /// Gradients in 16 bits train as whole ones do, and the ranks' parameters stay the same to the bit.
  @Test(.severalRanks, arguments: HalfPrecision.allCases)
  func compressedGradientsTrainAlike(_ format: HalfPrecision) throws {
    let images = Self.images(300)
    func losses(_ compression: HalfPrecision?) throws -> [Double] {
      var reduction = Reduction()
      reduction.compression = compression
      let run = try train(
        "mnist-bn", in: Ranks.world, images, globalBatch: 60, microBatch: 10, threads: 1, steps: 20,
        reduction: reduction)
      try run.trainer.checkReplicas(afterStep: 20)
      return run.losses
    }
    let (whole, compressed) = (try losses(nil), try losses(format))
    let worst = zip(whole, compressed).map { abs($0 - $1) }.max()!
    try Ranks.expectEverywhere(worst > 0 && worst < 0.02, "\(format): losses are off by \(worst)")
  }
}

extension Reduction {
  fileprivate static var inFixedOrder: Reduction {
    var reduction = Reduction()
    reduction.reproducible = true
    return reduction
  }
}

extension Synchronous {
  fileprivate var weightsHash: String { layout.sha256(of: consistentParameters()) }
}
