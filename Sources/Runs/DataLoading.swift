import Data
import Dispatch
import Files
import MPI
import Models
import Networks
import Parallel
import Reporting
import Synchronization
import System
import Tensors

/// The images that a configuration names, whole on every rank.
struct TrainingData {
  let train: LabeledImages
  /// Held out of the training images.
  let validation: LabeledImages?
  let test: LabeledImages
  /// How photographs got to their size; nil where the data are of one.
  let preprocessing: Preprocessing?
  /// What people should know of how they were read.
  let notes: [String]

  /// Reads or makes them.
  ///
  /// Where there are no test images, those that are held out for validation are them.
  ///
  /// - Parameter input: what images are made that come in any size.
  /// - Throws: on all ranks, when a file is wrong on any.
  init(_ configuration: TrainingConfiguration, as input: ImageInput, threads: Int, _ world: World) throws {
    func load(_ part: DataPart, from source: String, limit: Int?) throws -> LoadedImages? {
      try world.loadImages(
        part, from: source, configuration.dataOptions, limit: limit, seed: configuration.seed, as: input,
        threads: threads)
    }
    guard let all = try load(.train, from: configuration.data, limit: configuration.trainSamples) else {
      preconditionFailure("data without a training part")
    }
    let split = try configuration.validationSplit.map { share in
      try world.agree {
        try ValidationSplit(count: all.images.count, share: share, seed: configuration.seed)
      }
    }
    if split != nil {
      try world.requireMemory(
        MemoryNeed(written: Double(all.images.images.count + 4 * all.images.labels.count)),
        for: "dividing \(grouped(all.images.count)) images", hint: "fewer images take less")
    }
    train = split.map { all.images.subset($0.train) } ?? all.images
    let held = split.map { all.images.subset($0.validation) }
    let testSource = configuration.testData ?? configuration.data
    let tested = try load(.test, from: testSource, limit: configuration.testSamples)
    (validation, test) =
      try world.agree {
        if let tested { return (held, tested.images) }
        guard let held else { throw DataSource.missing(.test, in: testSource) }
        return (nil, held)
      }
    preprocessing = all.preprocessing
    notes = all.notes + (tested?.notes ?? [])
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

/// One part of a data set, in memory.
struct LoadedImages {
  let images: LabeledImages
  /// How photographs got to their size; nil where the data are of one.
  let preprocessing: Preprocessing?
  /// What people should know of how they were read.
  let notes: [String]
}

extension World {
  /// One part of a data set, whole on every rank; nil where there is none.
  ///
  /// - Parameters:
  ///   - source: `synthetic` or a directory.
  ///   - limit: only so many images; nil for all.
  ///   - seed: of synthetic digits.
  ///   - input: what images are made that come in any size.
  /// - Throws: on all ranks, when a file is wrong on any.
  func loadImages(
    _ part: DataPart, from source: String, _ options: DataOptions, limit: Int?, seed: UInt64,
    as input: ImageInput, threads: Int
  ) throws -> LoadedImages? {
    if source == "synthetic" {
      let digits = try synthesize(part, count: limit, seed: seed, threads: threads, self)
      return LoadedImages(images: digits, preprocessing: nil, notes: [])
    }
    let found = try agree { try DataSource(path: source, options).load(part, as: input) }
    guard let dataset = limit.map({ found?.limited(to: $0) }) ?? found else { return nil }
    if let images = dataset as? LabeledImages {
      return LoadedImages(images: images, preprocessing: nil, notes: [])
    }
    guard let folder = dataset as? FolderImages else { preconditionFailure("a data set of another kind") }
    return try decode(folder, options, threads: threads)
  }

  /// Image files, decoded: each rank its share, which all then exchange. Those that cannot be read are left out, on
  /// all ranks alike.
  private func decode(
    _ folder: FolderImages, _ options: DataOptions, threads: Int
  ) throws -> LoadedImages {
    let (count, size) = (folder.count, folder.shape.count)
    try requireMemory(
      MemoryNeed(
        written: 2 * Double(count) * Double(size), reserved: Double(NamedThread.stackBytes * threads)),
      for: "decoding \(grouped(count)) images", hint: "fewer images take less")
    let pixels = SharedBuffer<UInt8>(repeating: 0, count: count, unit: size)
    let own = shard(of: count, rank, of: self.size)
    let unread = Mutex<[(position: Int, error: String)]>([])
    let pulse = pulse
    DispatchQueue.concurrentPerform(iterations: threads) { thread in
      var pixels = pixels.mutableSpan
      for sample in shard(of: own, thread, of: threads) {
        var image = pixels[slice: sample * size..<(sample + 1) * size]
        do {
          try folder.read(sample, into: &image)
        } catch {
          unread.withLock { $0.append((sample, "\(error)")) }
        }
        if thread == 0 { pulse.beat() }
      }
    }
    var all = pixels.mutableSpan
    let shares = (0..<self.size).map { shard(of: count, $0, of: self.size) }
    try communicator.allGather(rowsOf: &all, rowCount: size, shares: shares)
    let bad = try gather(unread.withLock { $0 })
    try agree {
      guard Double(bad.count) <= options.mostBad * Double(count), bad.count < count else {
        let first = bad.min { $0.key < $1.key }!.value
        throw DataError.tooManyBadImages(bad.count, of: count, most: options.mostBad, first: first)
      }
    }
    let images = LabeledImages(
      shape: folder.shape, classes: folder.classes, classNames: folder.classNames, images: pixels.array(),
      labels: folder.labels)
    let kept = bad.isEmpty ? images : images.subset((0..<count).filter { bad[$0] == nil })
    return LoadedImages(
      images: kept, preprocessing: folder.input.preprocessing,
      notes: bad.sorted { $0.key < $1.key }.map { "left out: \($0.value)" })
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
    labels: labels.array().map(Int32.init))
}
