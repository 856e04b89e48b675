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

/// Short trainings, on all ranks or on one alone.
@MainActor enum RankTraining {
  /// Random images whose classes can be learnt: each has a pattern of its class.
  static func images(_ count: Int) -> LabeledImages {
    let patterns = (0..<10).map { RandomStream(seed: 9, purpose: .initialization, index: $0) }
    var pixels: [UInt8] = []
    var labels: [Int32] = []
    for sample in 0..<count {
      var noise = RandomStream(seed: 8, purpose: .initialization, index: sample)
      let label = noise.integer(below: 10)
      var pattern = patterns[label]
      labels.append(Int32(label))
      pixels += (0..<784).map { _ in UInt8(100 * pattern.uniform() + 155 * noise.uniform()) }
    }
    return LabeledImages(shape: Shape(28, 28, 1), classes: 10, images: pixels, labels: labels)
  }

  static func makeTrainer(
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
  static func run(
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

  static func train(
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
}

extension Reduction {
  static var inFixedOrder: Reduction {
    var reduction = Reduction()
    reduction.reproducible = true
    return reduction
  }
}

extension Synchronous {
  var weightsHash: String { layout.sha256(of: consistentParameters()) }
}
