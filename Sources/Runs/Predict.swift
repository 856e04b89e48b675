import Data
import Dispatch
import Engine
import Files
import Hashing
import Models
import Networks
import Parallel
import Reporting
import Synchronization
import System
import Tensors

/// What `cnn-mpi predict` is to do.
package struct PredictionConfiguration: Sendable {
  package var source = ModelSource()
  /// Images, directories of images, IDX files.
  package var paths: [String] = []
  /// Classes to show of each image.
  package var top = 1
  /// Which way up the images of files are taken.
  package var orientation = ImageOrientation.exif
  /// See `DataOptions.timeout`.
  package var timeout = DataOptions().timeout
  /// Black for white.
  package var invert = false
  package var microBatch = 32
  /// Threads a rank; nil for the cores that the rank has to itself.
  package var threads: Int?
  package var json = false
  /// File for the logits; nil for none.
  package var logits: String?

  package init() {}
}

/// Predicts the classes of images with a trained model, on all ranks of `world`.
///
/// An image that cannot be read is left out, and told of at the end.
/// - Throws: the same error on all ranks, or an `MPIError`.
package func predict(
  _ configuration: PredictionConfiguration, in world: World
) throws -> PredictionReport {
  _ = try Watchdog(world, StallLimits(), .ofCommand)
  let model = try world.read(configuration.source)
  let threads = configuration.threads ?? world.threadsPerRank
  try world.agree {
    guard [1, 3].contains(model.network.input.channels) else {
      throw ModelError(
        "model \(model.network.description.name): expected an input of 1 or 3 channels, as images have, found "
          + "\(model.network.input)")
    }
  }
  try world.requireMemory(
    model.memoryNeed(microBatch: configuration.microBatch, threads: threads),
    toTrain: false, model.network, microBatch: configuration.microBatch)
  let evaluator = try Evaluator(model, world, microBatch: configuration.microBatch, threads: threads)
  var report = PredictionReport(model, top: configuration.top)
  var inputs: [PredictionInput] = []
  for path in configuration.paths.map({ Path($0) }) {
    var errors: [FileError] = []
    do {
      let found = try PredictionInput.list(path)
      inputs += found.inputs
      errors = found.errors
    } catch {
      errors = [error]
    }
    report.failures += errors.map { PredictionReport.Failure(path, "\(path)", $0.description) }
  }
  try world.agreeOnInputs(inputs)
  // As many at once as give everybody work and fit into some 64 MB.
  let mostThreads = try world.communicator.allReduce(threads, .maximum)
  let workers = world.size * mostThreads * configuration.microBatch
  let atOnce = max((64 << 20) / model.network.input.count / workers, 1) * workers
  let most = min(atOnce, inputs.count)
  try world.requireMemory(
    MemoryNeed(written: 2 * Double(most) * Double(model.network.input.count + 1)),
    for: "reading \(grouped(most)) images", hint: "smaller micro-batches or fewer threads take less")
  for start in stride(from: 0, to: inputs.count, by: atOnce) {
    let part = Array(inputs[start..<min(start + atOnce, inputs.count)])
    try report.add(part, evaluator, configuration, model, threads: threads, world)
  }
  if let path = configuration.logits {
    try world.agree { if world.isRoot { try report.writeLogits(to: path) } }
  }
  return report
}

extension World {
  /// - Throws: on all ranks, when they do not see the same files.
  fileprivate func agreeOnInputs(_ inputs: [PredictionInput]) throws {
    var hash = SHA256()
    for input in inputs { hash.update(Array(input.name.utf8).span.bytes) }
    let hashes = try communicator.allGather(hash.hexDigest())
    try agree {
      guard Set(hashes).count == 1 else {
        throw DataError(
          "the images", expected: "the same files on all ranks", found: "different ones",
          hint: "predict needs a file system that all hosts share")
      }
    }
  }
}

extension PredictionReport {
  /// Predicts some images. Each rank reads those that it computes.
  fileprivate mutating func add(
    _ inputs: [PredictionInput], _ evaluator: Evaluator, _ configuration: PredictionConfiguration,
    _ model: TrainedModel, threads: Int, _ world: World
  ) throws {
    let shape = model.network.input
    let own = evaluator.positions(ofSamples: inputs.count)
    let pixels = SharedBuffer<UInt8>(repeating: 0, count: inputs.count, unit: shape.count)
    let unread = Mutex<[(position: Int, error: String)]>([])
    let pulse = world.pulse
    DispatchQueue.concurrentPerform(iterations: threads) { thread in
      var all = pixels.mutableSpan
      for position in shard(of: own, thread, of: threads) {
        do {
          let image = try inputs[position].pixels(
            shape, model.preprocessing, configuration.orientation, invert: configuration.invert)
          var target = all[slice: position * shape.count..<(position + 1) * shape.count]
          target.copy(from: image.span)
          if thread == 0 { pulse.beat() }
        } catch {
          unread.withLock { $0.append((position, "\(error)")) }
        }
      }
    }
    let images = LabeledImages(
      shape: shape, classes: model.network.classes, images: pixels.array(),
      labels: [Int32](repeating: 0, count: inputs.count))
    let logits = try evaluator.logits(BatchLoader(images, model.normalization))
    let failed = try world.gather(unread.withLock { $0 })
    let classes = model.network.classes
    for (position, input) in inputs.enumerated() {
      if let error = failed[position] {
        failures.append(Failure(input.path, input.name, error))
      } else {
        add(input.path, input.name, Array(logits[position * classes..<(position + 1) * classes]))
      }
    }
  }
}
