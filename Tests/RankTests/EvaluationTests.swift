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

/// Evaluation on all ranks together against that on one rank alone.
@MainActor @Suite(.serialized, .watchdog) struct EvaluationTests {
  private var world: World { Ranks.world }

  /// Inference alone, from the same starting parameters, without a trainer's memory.
  @Test func evaluatorsDoAsTrainers() throws {
    let images = RankTraining.images(50)
    let loader = BatchLoader(images, Normalization(of: images))
    let trainer = try RankTraining.makeTrainer(
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
    let images = RankTraining.images(count)
    let loader = BatchLoader(images, Normalization(of: images))
    func evaluate(_ world: World, threads: Int) throws -> EvaluationResult {
      try RankTraining.makeTrainer(
        "mnist-small", in: world, images, globalBatch: 32, microBatch: 16, threads: threads
      ).evaluate(loader)
    }
    let alone = try evaluate(World(MPIRuntime.alone()), threads: 1)
    let together = try evaluate(world, threads: 2)
    try Ranks.expectEverywhere(
      together.count == count && together.correct == alone.correct && together.loss == alone.loss
        && together.predictions == alone.predictions, "\(together), \(alone)")
  }

  /// How sure the model is of each sample, whoever computes it; the mean of the losses is the loss.
  @Test func certaintiesComeFromAllRanks() throws {
    let images = RankTraining.images(75)
    let loader = BatchLoader(images, Normalization(of: images))
    let network = try Network(ModelDescription(named: "mnist-small"))
    func evaluate(_ world: World, threads: Int) throws -> EvaluationResult {
      try Evaluator(network, world, microBatch: 8, threads: threads, seed: 3).evaluate(
        loader, keepCertainties: true)
    }
    let alone = try evaluate(World(MPIRuntime.alone()), threads: 1)
    let together = try evaluate(world, threads: 2)
    try Ranks.expectEverywhere(
      together.certainties == alone.certainties && together.predictions == alone.predictions,
      "\(together.certainties), \(alone.certainties)")
    let mean = together.certainties.reduce(0) { $0 + Double($1.loss) } / 75
    try Ranks.expectEverywhere(
      together.certainties.count == 75 && abs(mean - together.loss) < 1e-5, "\(mean), \(together.loss)")
  }
}
