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

/// The images that a configuration names: in memory, whole on every rank, or in files that all ranks read.
struct TrainingData {
  let train: any Dataset
  /// Held out of the training images.
  let validation: (any Dataset)?
  let test: any Dataset
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
    func load(
      _ part: DataPart, from source: String, isAlone: Bool = false, limit: Int?
    ) throws -> LoadedImages? {
      var options = configuration.dataOptions
      // Crops are taken from photos in their own size.
      if part == .train && configuration.augmentation == .resizedCrop { options.cache = .none }
      return try world.loadImages(
        part, from: source, isAlone: isAlone, options, limit: limit, seed: configuration.seed, as: input,
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
      let isInMemory = all.images is LabeledImages
      try world.requireMemory(
        MemoryNeed(written: Double((isInMemory ? all.images.pixelBytes : 0) + 4 * all.images.count)),
        for: "dividing \(grouped(all.images.count)) images", hint: "fewer images take less")
    }
    train = split.map { all.images.subset($0.train) } ?? all.images
    let held = split.map { all.images.subset($0.validation) }
    let testSource = configuration.testData ?? configuration.data
    let tested = try load(
      .test, from: testSource, isAlone: testSource != configuration.data, limit: configuration.testSamples)
    let trained = train
    (validation, test) =
      try world.agree {
        if let tested { return (held, try tested.images.named(as: trained.classNames, of: testSource)) }
        guard let held else { throw DataSource.missing(.test, in: testSource) }
        return (nil, held)
      }
    preprocessing = all.preprocessing
    notes = all.notes + all.images.warnings(oneColor: all.oneColor) + (tested?.notes ?? [])
  }

  /// How many images the normalization is measured on.
  func measuredSamples(_ configuration: TrainingConfiguration) -> Int {
    train is LabeledImages ? train.count : min(train.count, configuration.normalizationSamples)
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

/// One part of a data set.
struct LoadedImages {
  let images: any Dataset
  /// How photographs got to their size; nil where the data are of one.
  let preprocessing: Preprocessing?
  /// What people should know of how they were read.
  let notes: [String]
  /// Of those that are read by now; nil where there are none.
  let oneColor: OneColorImages?
}

extension World {
  /// One part of a data set; nil where there is none.
  ///
  /// - Parameters:
  ///   - source: `synthetic`, a directory or a file.
  ///   - isAlone: no other part is read of it, see `DataSource.load`.
  ///   - limit: only so many images; nil for all.
  ///   - seed: of synthetic digits.
  ///   - input: what images are made that come in any size.
  /// - Throws: on all ranks, when a file is wrong on any.
  func loadImages(
    _ part: DataPart, from source: String, isAlone: Bool, _ options: DataOptions, limit: Int?, seed: UInt64,
    as input: ImageInput, threads: Int
  ) throws -> LoadedImages? {
    if source == "synthetic" {
      let digits = try synthesize(part, count: limit, seed: seed, threads: threads, self)
      return LoadedImages(images: digits, preprocessing: nil, notes: [], oneColor: nil)
    }
    let files = try agree { try DataSource(path: source, options) }
    try requireMemory(
      bytes: agree { try files.memory(part, isAlone: isAlone) }, toRead: part, of: source)
    let found = try agree { try files.load(part, as: input, isAlone: isAlone) }
    guard let dataset = limit.map({ found?.limited(to: $0) }) ?? found else { return nil }
    guard let encoded = dataset as? EncodedImages else {
      // Rank 0 alone shows it.
      let oneColor = isRoot && part == .train ? OneColorImages(among: dataset) : nil
      return LoadedImages(images: dataset, preprocessing: nil, notes: [], oneColor: oneColor)
    }
    return try check(encoded, options, threads: threads)
  }

  /// Image files, each decoded once: those that cannot be read are left out, on all ranks alike. The pixels are kept
  /// where there is room for them.
  private func check(
    _ encoded: EncodedImages, _ options: DataOptions, threads: Int
  ) throws -> LoadedImages {
    let need = MemoryNeed(
      written: 2 * Double(encoded.pixelBytes), reserved: Double(NamedThread.stackBytes * threads))
    let isKept =
      switch options.cache {
      case .auto: try hasRoom(for: need, within: 0.5)
      case .memory: true
      case .none: false
      }
    if isKept {
      try requireMemory(
        need, for: "keeping \(grouped(encoded.count)) decoded images", hint: "fewer images take less")
    }
    let pixels =
      isKept ? SharedBuffer<UInt8>(repeating: 0, count: encoded.count, unit: encoded.shape.count) : nil
    let (bad, oneColor) = try decode(encoded, into: pixels, threads: threads)
    try agree {
      guard Double(bad.count) <= options.mostBad * Double(encoded.count), bad.count < encoded.count else {
        let first = bad.min { $0.key < $1.key }!.value
        throw DataError.tooManyBadImages(bad.count, of: encoded.count, most: options.mostBad, first: first)
      }
    }
    let images: any Dataset =
      if let pixels {
        LabeledImages(
          shape: encoded.shape, classes: encoded.classes, classNames: encoded.classNames,
          images: pixels.array(),
          labels: encoded.labels)
      } else {
        encoded
      }
    let kept = bad.isEmpty ? images : images.subset((0..<encoded.count).filter { bad[$0] == nil })
    return LoadedImages(
      images: kept, preprocessing: encoded.input.preprocessing,
      notes: bad.sorted { $0.key < $1.key }.map { "left out: \($0.value)" },
      oneColor: OneColorImages(count: oneColor.count, first: oneColor.first.map { encoded.sources[$0].name }))
  }

  /// Decodes image files: each rank its share, which all then exchange.
  ///
  /// - Parameter pixels: (samples, H, W, C); nil where nobody wants them.
  /// - Returns: what is wrong with those that cannot be decoded, by their numbers, and the numbers of those of one
  ///   color alone, in their order.
  private func decode(
    _ encoded: EncodedImages, into pixels: SharedBuffer<UInt8>?, threads: Int
  ) throws -> (bad: [Int: String], oneColor: [Int]) {
    let (count, size) = (encoded.count, encoded.shape.count)
    let own = shard(of: count, rank, of: self.size)
    let unread = Mutex<[(position: Int, error: String)]>([])
    let constant = Mutex<[(position: Int, error: String)]>([])
    let pulse = pulse
    DispatchQueue.concurrentPerform(iterations: threads) { thread in
      let scratch = SharedBuffer<UInt8>(repeating: 0, count: size)
      for sample in shard(of: own, thread, of: threads) {
        let buffer = pixels ?? scratch
        var target = buffer.mutableSpan
        let place = pixels == nil ? 0 : sample * size
        var image = target[slice: place..<place + size]
        do {
          try encoded.read(sample, into: &image)
          if image.span.isOneColor(channels: encoded.shape.channels) {
            constant.withLock { $0.append((sample, "of one color")) }
          }
        } catch {
          unread.withLock { $0.append((sample, "\(error)")) }
        }
        if thread == 0 { pulse.beat() }
      }
    }
    if let pixels {
      var all = pixels.mutableSpan
      let shares = (0..<self.size).map { shard(of: count, $0, of: self.size) }
      try communicator.allGather(rowsOf: &all, rowCount: size, shares: shares)
    }
    let oneColor = try gather(constant.withLock { $0 })
    return (try gather(unread.withLock { $0 }), oneColor.keys.sorted())
  }

  /// The statistics of images, the same on every rank: of all that are in memory, or of so many of those in files,
  /// evenly chosen.
  func normalization(of images: any Dataset, samples: Int, threads: Int) throws -> Normalization {
    if let images = images as? LabeledImages { return Normalization(of: images) }
    let chosen = images.limited(to: samples)
    let own = shard(of: chosen.count, rank, of: size)
    let sums = Mutex(PixelSums(channels: chosen.shape.channels))
    let failure = Mutex<DataError?>(nil)
    let pulse = pulse
    DispatchQueue.concurrentPerform(iterations: threads) { thread in
      var image = [UInt8](repeating: 0, count: chosen.shape.count)
      var part = PixelSums(channels: chosen.shape.channels)
      for sample in shard(of: own, thread, of: threads) {
        do throws(DataError) {
          var pixels = image.mutableSpan
          try chosen.read(sample, into: &pixels)
          part.add(image.span)
        } catch {
          failure.withLock { $0 = $0 ?? error }
        }
        if thread == 0 { pulse.beat() }
      }
      sums.withLock { $0 += part }
    }
    try agree { if let error = failure.withLock({ $0 }) { throw error } }
    let own64 = sums.withLock { $0.numbers }
    var total = PixelSums(channels: chosen.shape.channels)
    for text in try communicator.allGather(own64.map(String.init).joined(separator: " ")) {
      total += PixelSums(numbers: text.split(separator: " ").map { Int($0)! })
    }
    return Normalization(of: total)
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
