import Data
import Engine
import Kernels
import Models
import Networks
import Optimizers
import Parallel
import Reporting
import System
import Tensors

/// A configuration with all that was made of it before the first step.
struct TrainingSetup {
  let configuration: TrainingConfiguration
  let network: Network
  let data: TrainingData
  /// To tell whether a resumed run has the same.
  let trainDataHash: String
  let testDataHash: String
  let schedule: BatchSchedule
  /// The number of this rank's threads.
  let threads: Int
  /// Of this rank, to decode ahead; 0 where the computing threads load images themselves.
  let loaderThreads: Int
  let learningRates: LearningRateSchedule
  /// The state of the checkpoint that the run goes on from; nil for a new run.
  let checkpoint: CheckpointState?
  /// How the training images are varied; nil for as they are.
  let augmentation: Augmentation?
  /// What `--weights` names.
  let startingModel: TrainedModel?
  /// That of the checkpoint, or of the weights to start from, which expect it; else by the training images.
  let normalization: Normalization
}

extension TrainingSetup {
  /// Reads model and data.
  ///
  /// - Parameter checkpoint: where to go on.
  /// - Throws: on all ranks, also when the data are not those of the checkpoint.
  init(_ configuration: TrainingConfiguration, from checkpoint: Checkpoint?, _ world: World) throws {
    world.pulse.enter(.loading)
    self.configuration = configuration
    self.checkpoint = checkpoint?.state
    // A checkpoint holds its model: the file may be gone by now.
    let state = checkpoint?.state
    let stored = state?.configuration.model == configuration.model ? state?.model : nil
    let described = try world.agree { try stored ?? ModelDescription(named: configuration.model) }
    threads = configuration.threads ?? world.threadsPerRank
    data = try TrainingData(configuration, as: ImageInput(shape: described.input), threads: threads, world)
    let images = (train: data.train, test: data.test)
    network = try world.agree {
      let network =
        try stored.map { try Network($0) }
        ?? Network(described, for: images.train, images.test, replacingHead: configuration.replaceHead)
      try network.check(images.train)
      try network.check(images.test)
      return try network.freezing(configuration.freeze, keepingHead: configuration.replaceHead)
    }
    (trainDataHash, testDataHash) = (data.train.fingerprint, data.test.fingerprint)
    let loaded = (network, data)
    if let state {
      (startingModel, normalization) = (nil, state.normalization)
    } else {
      let channels = data.train.shape.channels
      let fixed = try world.agree { try configuration.normalization.normalization(channels: channels) }
      let measured =
        try fixed
        ?? world.normalization(of: data.train, samples: configuration.normalizationSamples, threads: threads)
      startingModel = try world.agree { try configuration.startingModel(loaded.0, measured: measured) }
      normalization = startingModel?.normalization ?? measured
    }
    if let checkpoint {
      let hashes = (trainDataHash, testDataHash)
      try world.agree {
        try checkpoint.state.check(
          loaded.0, trainSamples: loaded.1.train.count, trainHash: hashes.0, testHash: hashes.1)
      }
    }
    schedule = BatchSchedule(
      samples: data.train.count, globalBatch: configuration.globalBatch(worldSize: world.size),
      microBatch: configuration.microBatch(worldSize: world.size))
    learningRates = configuration.learningRateSchedule(worldSize: world.size)
    let shape = data.train.shape
    augmentation = try world.agree { try configuration.makeAugmentation(shape) }
    loaderThreads =
      data.train is LabeledImages
      ? 0 : configuration.loaderThreads ?? min(max(world.threadsPerRank - threads, 0), 8)
    let ring = PrefetchRing.memory(
      slots: loaderThreads == 0 ? 0 : ringSlots, microBatch: schedule.microBatch, shape: shape)
    let need =
      configuration.memoryNeed(for: network, schedule, threads: threads, in: world)
      + MemoryNeed(written: ring, reserved: Double(NamedThread.stackBytes * loaderThreads))
    try world.requireMemory(
      world.isRoot ? need + configuration.savingNeed(of: network) : need, toTrain: true, network,
      microBatch: schedule.microBatch)
  }

  /// Micro-batches that are loaded ahead at most: one for each thread that computes, and one for each that loads.
  private var ringSlots: Int { threads + loaderThreads }

  /// The training data in the order of an epoch.
  func loader(epoch: Int) -> BatchLoader {
    let order = epochOrder(count: data.train.count, seed: configuration.seed, epoch: epoch)
    return BatchLoader(data.train, normalization, order: order, augmentation: augmentation, epoch: epoch)
  }

  /// How the ranks train together, with the weights that training starts with.
  ///
  /// - Parameter samplesDone: how many samples of its epoch are done before the first step.
  func strategy(_ world: World, samplesDone: Int = 0) throws -> any TrainingStrategy {
    let strategy = try Synchronous(
      network, world, schedule: schedule, threads: threads, seed: configuration.seed,
      optimizer: configuration.makeOptimizer(for: network.layout), reduction: configuration.reduction,
      convolution: configuration.convolution, regularization: configuration.regularization,
      samplesDone: samplesDone)
    if let startingModel { strategy.start(from: startingModel) }
    return strategy
  }

  /// Threads that load an epoch's images ahead; nil where the computing threads load them.
  ///
  /// - Parameter done: samples of the epoch that are done.
  func ring(_ loader: BatchLoader, after done: Int, _ world: World) throws -> PrefetchRing? {
    try world.agree {
      guard loaderThreads > 0 else { return nil }
      let sequence = schedule.sequence(after: done, rank: world.rank, of: world.size, threads: threads)
      return try PrefetchRing(loader, sequence, threads: loaderThreads, slots: ringSlots)
    }
  }

  /// What the weights are as a file.
  func trainedModel(_ parameters: SharedBuffer<Float>, batchesTracked: Int) -> TrainedModel {
    TrainedModel(
      network, parameters, normalization, preprocessing: data.preprocessing,
      classNames: data.train.classNames.flatMap { $0.count == network.classes ? $0 : nil },
      batchesTracked: Int64(batchesTracked))
  }

  /// What can be mended: most of it costs speed. Called by all ranks.
  func warnings(_ world: World) throws -> [String] {
    let choice =
      configuration.earlyStopping != nil && data.validation == nil
      ? [
        "early stopping without images held out for validation takes the epoch of the best test accuracy, which new "
          + "images will not quite reach"
      ] : []
    let reduction = configuration.reduction
    let rounding =
      checkpoint != nil && reduction.compression != nil
      ? [
        "what compressing gradients had left out so far is lost: the weights will not be those of an uncut run to the bit"
      ]
      : []
    let data =
      checkpoint?.isComparable(trainDataHash) == false
      ? [
        "the data could not be compared with the checkpoint's, whose hash is of another kind than is computed "
          + "now: only the number of training images is the same for certain"
      ] : []
    let notes = startingModel?.notes ?? []
    let random =
      network.layout.frozenNumbers > 0 && configuration.weights == nil
      ? ["the frozen layers keep the random weights that they start with, as there are none to start from"]
      : []
    let rule = configuration.optimizerWarnings(peakLearningRate: learningRates.peak)
    return try self.data.notes + notes + choice + random + rule + rounding + data
      + reduction.idleWarnings(hosts: world.hosts)
      + world.placementWarnings()
      + world.idleThreadWarnings(schedule, threads: threads)
  }
}
