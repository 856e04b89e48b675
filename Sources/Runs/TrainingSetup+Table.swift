import Data
import Kernels
import Networks
import Parallel
import Reporting
import System

extension TrainingSetup {
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
}
