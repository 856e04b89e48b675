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

/// Label smoothing, clipping and averaged weights on all ranks together.
@MainActor @Suite(.serialized, .watchdog) struct RegularizationTests {
  private var world: World { Ranks.world }

  /// Label smoothing, clipping, averaged weights and augmentation do not depend on who computes what either.
  @Test(arguments: [1, 2])
  func regularizedLossesAreThoseOfOneRank(threads: Int) throws {
    let images = RankTraining.images(300)
    func run(_ world: World, threads: Int) throws -> (losses: [Double], trainer: Synchronous) {
      let result = try RankTraining.train(
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
    let images = RankTraining.images(64)
    func weights(_ steps: Int, _ clipNorm: Double?) throws -> [Double] {
      let trainer = try RankTraining.train(
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
    let images = RankTraining.images(64)
    func run(_ steps: Int, _ decay: Double?) throws -> Synchronous {
      try RankTraining.train(
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
}
