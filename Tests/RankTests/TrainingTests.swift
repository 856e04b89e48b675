import Data
import Engine
import MPI
import Models
import Networks
import Optimizers
import Parallel
import Runs
import Tensors
import TestSupport
import Testing

/// Training on all ranks together against training on one rank alone, from the same weights and batches.
@MainActor @Suite(.serialized, .watchdog) struct TrainingTests {
  private var world: World { Ranks.world }

  /// 20 steps over an epoch's end, with its short batch: 300 = 7 x 40 + 20 samples.
  @Test(arguments: [
    ("mnist-cnn", 8, 1), ("mnist-cnn", 7, 2), ("mnist-cnn", 40, 1), ("mnist-bn", 10, 1), ("mnist-bn", 10, 3),
    (branchingModel, 10, 2),
  ])
  func lossesAreThoseOfOneRank(_ model: String, microBatch: Int, threads: Int) throws {
    let images = RankTraining.images(300)
    func run(_ world: World, threads: Int) throws -> (
      losses: [Double], correct: [Double], trainer: Synchronous
    ) {
      // Batch normalisation over 10 samples amplifies differences of rounding from step to step, the more so the
      // longer the steps are.
      try RankTraining.train(
        model, in: world, images, globalBatch: 40, microBatch: microBatch, threads: threads, steps: 20,
        learningRate: model == "mnist-cnn" ? 0.01 : 0.001)
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
    let images = RankTraining.images(3)
    let alone = try RankTraining.train(
      "mnist-small", in: World(MPIRuntime.alone()), images, globalBatch: 64, microBatch: 1, threads: 1,
      steps: 3)
    let together = try RankTraining.train(
      "mnist-small", in: world, images, globalBatch: 64, microBatch: 1, threads: 2, steps: 3)
    let differences = zip(alone.losses, together.losses).map { abs($0 - $1) / $0 }
    try Ranks.expectEverywhere(differences.allSatisfy { $0 <= 1e-5 }, "\(alone.losses), \(together.losses)")
  }

  /// Two runs alike give the same bits, on any number of threads: the tree decides the order, not the clock.
  @Test func runsAreRepeatable() throws {
    let images = RankTraining.images(200)
    let hashes = try [1, 2, 3].map { threads in
      try RankTraining.train(
        "mnist-bn", in: world, images, globalBatch: 64, microBatch: 4, threads: threads, steps: 5
      )
      .trainer.weightsHash
    }
    try Ranks.expectEverywhere(Set(hashes).count == 1, "\(hashes)")
  }

  /// The tree over ranks: as one rank alone, to the bit, over short batches too; also where a rank has
  /// several nodes of the tree, or nothing to do.
  @Test(arguments: [
    ("mnist-bn", 64, 4), ("mnist-bn", 64, 5), ("mnist-bn", 24, 8), ("mnist-bn", 40, 40),
    (branchingModel, 24, 8),
  ])
  func reproducibleRunsHaveTheBitsOfOneRank(_ model: String, globalBatch: Int, microBatch: Int) throws {
    let images = RankTraining.images(200)
    func run(_ world: World, threads: Int) throws -> (losses: [Double], hash: String) {
      let result = try RankTraining.train(
        model, in: world, images, globalBatch: globalBatch, microBatch: microBatch, threads: threads,
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
    let images = RankTraining.images(40)
    let (_, _, trainer) = try RankTraining.train(
      branchingModel, in: world, images, globalBatch: 20, microBatch: 5, threads: 1, steps: 2)
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

  /// The parts of a step follow one another on the leading thread, so that they add up to its time.
  @Test(arguments: [1, 2])
  func partsAddUpToTheTimeOfTheSteps(threads: Int) throws {
    let images = RankTraining.images(64)
    let trainer = try RankTraining.makeTrainer(
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

  /// Gradients in 16 bits train as whole ones do, and the ranks' parameters stay the same to the bit.
  @Test(.severalRanks, arguments: HalfPrecision.allCases)
  func compressedGradientsTrainAlike(_ format: HalfPrecision) throws {
    let images = RankTraining.images(300)
    func losses(_ compression: HalfPrecision?) throws -> [Double] {
      var reduction = Reduction()
      reduction.compression = compression
      let run = try RankTraining.train(
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
