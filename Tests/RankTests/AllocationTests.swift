import AllocationCounter
import Data
import Engine
import MPI
import Models
import Networks
import Optimizers
import Parallel
import Runs
import TestSupport
import Testing

@MainActor @Suite(.serialized, .watchdog) struct AllocationTests {
  /// The counter counts what Swift allocates.
  @Test func allocationsAreSeen() {
    let before = allocation_count()
    let memory = SharedBufferMaker.make()
    #expect(allocation_count() > before, "\(memory) was not counted")
  }

  /// All memory is made before and in the first step. Other threads of the process may allocate meanwhile, so
  /// the least of several steps counts. One rank: what MPI does inside is its own affair. So is what OpenBLAS
  /// does for lenet5: its kernel for small products allocates where the rows are no multiple of 16.
  @Test(arguments: [
    ("mnist-cnn", 1), ("mnist-cnn", 2), ("mnist-bn", 1), ("mnist-cnn-same", 1), (branchingModel, 1),
    (branchingModel, 2),
  ])
  func stepsAllocateNothing(_ model: String, threads: Int) throws {
    try expectNoAllocations(model, threads: threads)
  }

  @Test(arguments: [AugmentationKind.digits, .photos])
  func regularizedStepsAllocateNothing(_ augmentation: AugmentationKind) throws {
    try expectNoAllocations(
      "mnist-cnn", threads: 1,
      Regularization(labelSmoothing: 0.1, clipNorm: 0.1, averageDecay: 0.99), augmentation)
  }

  @Test(arguments: [TrainingConfiguration.OptimizerKind.adamw, .lars, .lamb])
  func stepsOfOtherOptimizersAllocateNothing(_ optimizer: TrainingConfiguration.OptimizerKind) throws {
    try expectNoAllocations("mnist-bn", threads: 1, optimizer: optimizer)
  }

  @Test func stepsWithFrozenLayersAllocateNothing() throws {
    try expectNoAllocations("mnist-bn", threads: 1, frozen: ["conv1", "bn1", "bn3"])
  }

  private func expectNoAllocations(
    _ model: String, threads: Int, _ regularization: Regularization = Regularization(),
    _ augmentation: AugmentationKind = .none, optimizer: TrainingConfiguration.OptimizerKind = .sgd,
    frozen: [String] = []
  ) throws {
    var configuration = TrainingConfiguration()
    configuration.optimizer = optimizer
    _ = Ranks.world  // starts MPI
    let world = try World(MPIRuntime.alone())
    let network = try Network(ModelDescription(named: model)).freezing(frozen)
    let images = RankTraining.images(256)
    let schedule = BatchSchedule(samples: images.count, globalBatch: 64, microBatch: 16)
    var reduction = Reduction()
    reduction.bucketBytes = 100_000
    let trainer = try Synchronous(
      network, world, schedule: schedule, threads: threads, seed: 3,
      optimizer: configuration.makeOptimizer(for: network.layout), reduction: reduction,
      regularization: regularization)
    let loader = BatchLoader(
      images, Normalization(of: images),
      augmentation: try Augmentation(augmentation, shape: images.shape, seed: 3))
    var least = Int.max
    var position = TrainingPosition()
    for step in 0..<12 {
      let before = allocation_count()
      if position.samples == images.count { position.endEpoch() }
      _ = try trainer.step(loader, at: position, learningRate: 0.01)
      position.advance(over: schedule.batch(after: position.samples))
      if step > 0 { least = min(least, allocation_count() - before) }
    }
    try Ranks.expectEverywhere(least == 0, "every step allocates at least \(least) times")
  }
}

private enum SharedBufferMaker {
  @inline(never) static func make() -> AnyObject { [Int](repeating: 1, count: 100) as AnyObject }
}
