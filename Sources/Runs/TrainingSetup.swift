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
    let input = ImageInput(shape: configuration.input ?? described.input)
    data = try TrainingData(configuration, as: input, threads: threads, world)
    let images = (train: data.train, test: data.test)
    network = try world.agree {
      let network =
        try stored.map { try Network($0) }
        ?? Network(
          described, for: images.train, images.test, replacingHead: configuration.replaceHead,
          input: configuration.input, classes: configuration.classes)
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

  /// What is printed before the first step.
  func table(_ world: World) -> [(name: String, value: String)] {
    let rows =
      [
        ("world", "\(counted(world.size, "rank")) on \(counted(Set(world.hosts).count, "host"))"),
        ("cores", world.placement.summary),
        ("threads", "\(threads) a rank" + (loaderThreads > 0 ? ", \(loaderThreads) to decode images" : "")),
        ("BLAS", "OpenBLAS \(BLAS.version), \(BLAS.kernelName) kernel, on \(CPU.name)"),
        ("data", data.summary(configuration)),
        ("normalization", normalizationWords),
        ("model", model),
      ] + (configuration.freeze.isEmpty ? [] : [("frozen", frozen)]) + [
        ("global batch", globalBatch(world.size)),
        ("learning rate", learningRate(world.size)),
        ("optimizer", configuration.optimizerWords),
      ] + regularization + [
        ("epochs", "\(configuration.epochs) of \(counted(schedule.stepsPerEpoch, "step"))"),
        ("seed", "\(configuration.seed)"),
      ]
    return rows + (world.size > 1 ? [("reduction", configuration.reduction.words)] : [])
      + resumption(world.size)
  }

  /// Where the run goes on, and what is not as it was.
  private func resumption(_ worldSize: Int) -> [(name: String, value: String)] {
    guard let checkpoint else { return [] }
    let position = checkpoint.progress.position
    var text = "after step \(grouped(position.step)), epoch \(position.epoch + 1)"
    if position.samples > 0 { text += ", sample \(grouped(position.samples))" }
    var changes: [String] = []
    func note<Value: Equatable>(_ name: String, _ was: Value, _ now: Value, _ show: (Value) -> String) {
      if was != now { changes.append("\(name) \(show(was)) -> \(show(now))") }
    }
    note("ranks", checkpoint.worldSize, worldSize) { "\($0)" }
    note("global batch", checkpoint.globalBatch, schedule.globalBatch) { "\($0)" }
    note("micro-batch", checkpoint.microBatch, schedule.microBatch) { "\($0)" }
    note("learning rate", checkpoint.peakLearningRate, learningRates.peak, shortest)
    note("epochs", checkpoint.configuration.epochs, configuration.epochs) { "\($0)" }
    return [("resumed", text)] + (changes.isEmpty ? [] : [("changed", changes.joined(separator: ", "))])
  }

  /// Where it comes from.
  private var normalizationWords: String {
    let numbers = NormalizationChoice.given(normalization.rounded).description
    let origin =
      if checkpoint != nil {
        "of the checkpoint"
      } else if startingModel?.normalization == normalization, configuration.weights != nil {
        "of the weights"
      } else if configuration.normalization != .measured {
        configuration.normalization.isNamed ? "of \(configuration.normalization)" : "given"
      } else {
        "of \(grouped(data.measuredSamples(configuration))) training images"
      }
    return "\(numbers), \(origin)"
  }

  private var model: String {
    let head = configuration.replaceHead ? network.head.map { " with a new \($0.name)" } ?? "" : ""
    let origin = configuration.weights.map { ", starting from \($0)\(head)" } ?? ""
    return "\(network.description.name), \(grouped(network.layout.trainableNumbers)) parameters\(origin)"
  }

  /// Such as `60 of 62 layers, 11,176,512 parameters`.
  private var frozen: String {
    let layers = network.nodes.filter { !$0.tensors.isEmpty }
    return "\(layers.count(where: \.isFrozen)) of \(counted(layers.count, "layer")) with weights, "
      + "\(grouped(network.layout.frozenNumbers)) parameters"
  }

  private func globalBatch(_ worldSize: Int) -> String {
    let batches = configuration.accumulate
    let origin =
      switch configuration.globalBatch {
      case nil:
        " = \(counted(worldSize, "rank")) x \(configuration.batchSize)"
          + (batches > 1 ? " x \(batches) accumulated" : "")
      case let batch?:
        (batches > 1 ? " = \(batch) x \(batches) accumulated" : "")
          + " over \(counted(worldSize, "rank"))"
      }
    return "\(schedule.globalBatch)\(origin), in micro-batches of \(schedule.microBatch)"
  }

  /// Such as `0.01 x 4 ranks -> 0.04, warm-up 1 epoch, then cosine`.
  private func learningRate(_ worldSize: Int) -> String {
    let factor = configuration.learningRateFactor(worldSize: worldSize)
    var text = shortest(configuration.learningRate)
    if factor > 1 {
      if worldSize > 1 { text += " x \(worldSize) ranks" }
      if configuration.accumulate > 1 { text += " x \(configuration.accumulate) accumulated" }
      text += " -> \(shortest(learningRates.peak))"
    }
    if learningRates.warmupEpochs > 0 {
      let epochs = learningRates.warmupEpochs
      let start = configuration.warmupLearningRate.map { " from \(shortest($0))" } ?? ""
      text += ", warm-up \(shortest(epochs)) epoch\(epochs == 1 ? "" : "s")\(start), then"
    } else {
      text += ","
    }
    return text + " "
      + (configuration.schedule == .step
        ? "x \(shortest(configuration.stepFactor)) every \(shortest(configuration.stepEpochs)) epochs"
        : configuration.schedule.rawValue)
  }

  /// Such as `photos, cutout 8, mixup 0.2`.
  private var variations: String {
    let configuration = configuration
    var words = configuration.augmentation == .none ? [] : [configuration.augmentation.rawValue]
    if configuration.augmentation == .resizedCrop {
      words[0] += " from \(percent(configuration.cropArea)) of the area on"
    }
    if let jitter = configuration.colorJitter { words.append("color jitter \(jitter)") }
    if let side = configuration.cutout { words.append("cutout \(side)") }
    if let mixup = configuration.mixup { words.append("mixup \(shortest(mixup))") }
    if let cutMix = configuration.cutMix { words.append("CutMix \(shortest(cutMix))") }
    return words.joined(separator: ", ")
  }

  /// What is used of it.
  private var regularization: [(name: String, value: String)] {
    var rows: [(String, String)] = []
    if augmentation != nil { rows.append(("augmentation", variations)) }
    if configuration.labelSmoothing > 0 {
      rows.append(("label smoothing", shortest(configuration.labelSmoothing)))
    }
    if let norm = configuration.clipNorm {
      rows.append(("gradients", "clipped to a norm of \(shortest(norm))"))
    }
    if let decay = configuration.averageDecay {
      rows.append(("evaluated", "the weights' moving average, decay \(shortest(decay))"))
    }
    if let patience = configuration.earlyStopping {
      rows.append(
        ("early stopping", "after \(counted(patience, "epoch")) without a better \(monitored) accuracy"))
    }
    return rows
  }

  /// The accuracy that decides which epoch is the best.
  var monitored: String { data.validation == nil ? "test" : "validation" }

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
