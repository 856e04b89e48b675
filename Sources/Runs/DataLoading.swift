import Data
import Dispatch
import MPI
import Networks
import Parallel
import Reporting
import System
import Tensors

/// The images that a configuration names, whole on every rank.
struct TrainingData {
  let train: LabeledImages
  /// Held out of the training images.
  let validation: LabeledImages?
  let test: LabeledImages

  /// Reads or makes them.
  ///
  /// - Throws: on all ranks, when a file is wrong on any, or the images do not fit the network.
  init(_ configuration: TrainingConfiguration, for network: Network, threads: Int, _ world: World) throws {
    func load(_ part: DataPart, from source: String, limit: Int?) throws -> LabeledImages {
      try world.loadImages(
        part, from: source, limit: limit, seed: configuration.seed, for: network, threads: threads)
    }
    let all = try load(.train, from: configuration.data, limit: configuration.trainSamples)
    let split = try configuration.validationSplit.map { share in
      try world.agree { try ValidationSplit(count: all.count, share: share, seed: configuration.seed) }
    }
    if split != nil {
      try world.requireMemory(
        MemoryNeed(written: Double(all.images.count + all.labels.count)),
        for: "dividing \(grouped(all.count)) images", hint: "fewer images take less")
    }
    train = split.map { all.subset($0.train) } ?? all
    validation = split.map { all.subset($0.validation) }
    test = try load(
      .test, from: configuration.testData ?? configuration.data, limit: configuration.testSamples)
  }

  /// In words, such as `synthetic digits: 60,000 to train, 10,000 to test, 28x28x1`.
  func summary(_ configuration: TrainingConfiguration) -> String {
    func name(_ source: String) -> String { source == "synthetic" ? "synthetic digits" : source }
    let held = validation.map { ", \(grouped($0.count)) to validate" } ?? ""
    let counts = "\(grouped(train.count)) to train\(held), \(grouped(test.count)) to test"
    let other = configuration.testData.map { " (test: \(name($0)))" } ?? ""
    return "\(name(configuration.data)): \(counts), \(train.shape)\(other)"
  }
}

extension World {
  /// One part of a data set, whole on every rank.
  ///
  /// - Parameters:
  ///   - source: `synthetic` or a directory.
  ///   - limit: only the first images; nil for all.
  ///   - seed: of synthetic digits.
  /// - Throws: on all ranks, when a file is wrong on any, or the images do not fit the network.
  func loadImages(
    _ part: DataPart, from source: String, limit: Int?, seed: UInt64, for network: Network, threads: Int
  ) throws -> LabeledImages {
    let images =
      source == "synthetic"
      ? try synthesize(part, count: limit, seed: seed, threads: threads, self)
      : try agree {
        let images = try MNISTDirectory(path: source).load(part, classes: network.classes)
        return images.prefix(limit ?? images.count)
      }
    try agree { try check(images, fit: network) }
    return images
  }

  private func check(_ images: LabeledImages, fit network: Network) throws(ModelError) {
    let model = "model \(network.description.name)"
    guard images.shape == network.input else {
      throw ModelError("\(model): its input is \(network.input), but the images are \(images.shape)")
    }
    guard images.classes <= network.classes else {
      throw ModelError(
        "\(model): it tells \(network.classes) classes apart, but the data has \(images.classes)")
    }
  }
}

/// Draws synthetic digits, as many as MNIST has unless `count` is given: each rank its share, which all then
/// exchange.
private func synthesize(
  _ part: DataPart, count: Int?, seed: UInt64, threads: Int, _ world: World
) throws -> LabeledImages {
  let count = count ?? (part == .train ? 60_000 : 10_000)
  let size = SyntheticDigits.shape.count
  try world.requireMemory(
    MemoryNeed(
      written: 2 * Double(count) * Double(size + 1), reserved: Double(NamedThread.stackBytes * threads)),
    for: "making \(grouped(count)) synthetic digits", hint: "fewer images take less")
  let digits = SyntheticDigits(part, seed: seed)
  let images = SharedBuffer<UInt8>(repeating: 0, count: count, unit: size)
  let labels = SharedBuffer<UInt8>(repeating: 0, count: count)
  let own = shard(of: count, world.rank, of: world.size)
  let pulse = world.pulse
  DispatchQueue.concurrentPerform(iterations: threads) { thread in
    var images = images.mutableSpan
    var labels = labels.mutableSpan
    for index in shard(of: own, thread, of: threads) {
      var image = images[slice: index * size..<(index + 1) * size]
      labels[index] = digits.draw(index, into: &image)
      if thread == 0 { pulse.beat() }
    }
  }
  let shares = (0..<world.size).map { shard(of: count, $0, of: world.size) }
  var allImages = images.mutableSpan
  try world.communicator.allGather(rowsOf: &allImages, rowCount: size, shares: shares)
  var allLabels = labels.mutableSpan
  try world.communicator.allGather(rowsOf: &allLabels, rowCount: 1, shares: shares)
  return LabeledImages(
    shape: SyntheticDigits.shape, classes: SyntheticDigits.classes, images: images.array(),
    labels: labels.array())
}
